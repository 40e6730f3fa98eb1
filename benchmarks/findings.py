"""What becomes of findings, simulated: stale ones, contradicted ones, and tables that are read back.

python -m benchmarks.findings [DRAWS]      2,000 draws by default, half a minute
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.bar import SEED, Bar, told
from benchmarks.findings_scene import NASTY, Scene, a_question, a_scene, reworded
from tracker.export.csv_file import write_csv
from tracker.export.sheets import sheets
from tracker.questions.question import Claim
from tracker.statistics.moments import mean

OPPOSITE = {"better": "worse", "worse": "better", "same": "better"}
_UNSAFE = re.compile(r"[=+\-@\t\r]")

Change = Callable[[random.Random, Scene], set[str]]  # returns the nodes that it makes stale


def simulate(draws: int, folder: Path) -> Iterator[Bar]:
    """Every bar, one after the other."""
    yield from stale(draws, folder)
    yield from contradicted(draws, folder)
    yield from read_back(max(draws // 10, 10), folder)


# ---------------------------------------------------------------------------------------------------
# Stale


def stale(draws: int, folder: Path) -> Iterator[Bar]:
    """How many of the findings that a change reaches are called stale, and how many others."""
    rng, told, due, wrong, others = random.Random(f"{SEED} stale"), 0, 0, 0, 0
    for _ in range(draws):
        shared, beside = a_question(0, 20, ("bn", "wn")), a_question(1, 20, ("bn", "none"))
        scene = a_scene(rng, shared, beside, a_question(2, 56, ("bn", "wn")))
        scene.sealed(folder)
        expected = rng.choice(CHANGES)(rng, scene)
        found = {one.node.question.node for one in scene.answered() if one.standing.state == "stale"}
        told, due = told + len(found & expected), due + len(expected)
        wrong, others = wrong + len(found - expected), others + 3 - len(expected)
    yield Bar("stale findings that are called stale", told / due, due, low=1.0, exact=True)
    yield Bar("findings called stale that are not", wrong / others, others, high=0.0, exact=True)


def _reached(scene: Scene, depth: int, value: str) -> set[str]:
    """The questions that a run of this depth and value answers."""
    return {q.node for q in scene.questions if q.setup["depth"] == depth and value in q.values}


def _any_run(rng: random.Random, scene: Scene) -> tuple[int, set[str]]:
    at = rng.randrange(len(scene.runs))
    config = scene.runs[at].config
    return at, _reached(scene, config["depth"], config["norm"])


def _gone(rng: random.Random, scene: Scene) -> set[str]:
    at, reached = _any_run(rng, scene)
    del scene.runs[at]
    return reached


def _rerun(rng: random.Random, scene: Scene) -> set[str]:
    at, reached = _any_run(rng, scene)
    run = scene.runs[at]
    scene.add({name: run.config[name] for name in ("depth", "norm")}, run.seed or 0, 55.0)
    return reached


def _renumbered(rng: random.Random, scene: Scene) -> set[str]:
    at, reached = _any_run(rng, scene)
    scene.numbers[scene.runs[at].id] += 1e-9
    return reached


def _diverged(rng: random.Random, scene: Scene) -> set[str]:
    at, reached = _any_run(rng, scene)
    run = scene.runs[at]
    scene.runs[at] = replace(run, info={"tracker": {**run.info["tracker"], "diverged": {"step": 1}}})
    return reached


def _asked_otherwise(rng: random.Random, scene: Scene) -> set[str]:
    node = rng.choice(scene.questions).node
    reworded(scene, node, alpha=0.01)
    return {node}


def _failed_again(rng: random.Random, scene: Scene) -> set[str]:
    run = rng.choice(scene.runs)
    scene.add({name: run.config[name] for name in ("depth", "norm")}, run.seed or 0, 1.0, "FAILED")
    return set()


def _of_no_question(_rng: random.Random, scene: Scene) -> set[str]:
    scene.add({"depth": 110, "norm": "bn"}, 1, 55.0)
    return set()


def _worded_otherwise(rng: random.Random, scene: Scene) -> set[str]:
    reworded(scene, rng.choice(scene.questions).node, question="Why not?", priority=3, notes="See below.")
    return set()


def _renamed(rng: random.Random, scene: Scene) -> set[str]:
    at = rng.randrange(len(scene.runs))  # the same run under another id, as after a push
    run = scene.runs[at]
    scene.runs[at] = replace(run, id=1000)
    scene.numbers[1000] = scene.numbers.pop(run.id)
    return set()


CHANGES: tuple[Change, ...] = (
    _gone, _rerun, _renumbered, _diverged, _asked_otherwise,
    _failed_again, _of_no_question, _worded_otherwise, _renamed,
)  # fmt: skip


# ---------------------------------------------------------------------------------------------------
# Contradicted


def contradicted(draws: int, folder: Path) -> Iterator[Bar]:
    """How many of the human findings that runs contradict are told, and how many others."""
    rng, told, due, wrong, others = random.Random(f"{SEED} contradicted"), 0, 0, 0, 0
    for _ in range(draws):
        scene = a_scene(rng, a_question(0, 20, ("bn", "wn")))
        expected = (_claimed if rng.random() < 0.5 else _turned)(rng, scene, folder)
        if expected is None:
            continue
        found = scene.answered()[0].standing.state == "contradicted"
        told, due = told + (found and expected), due + expected
        wrong, others = wrong + (found and not expected), others + (not expected)
    yield Bar("contradicted findings that are called so", told / due, due, low=1.0, exact=True)
    yield Bar("findings called contradicted that are not", wrong / others, others, high=0.0, exact=True)


def _claimed(rng: random.Random, scene: Scene, _folder: Path) -> bool | None:
    """A finding in a form that can be checked, true or false."""
    verdict = scene.answered()[0].verdict.partition("-")[0]
    if verdict not in OPPOSITE:
        return None
    false = rng.random() < 0.5
    claim = Claim(OPPOSITE[verdict] if false else verdict, "wn")
    reworded(scene, "q0", finding="I saw it.", finding_claim=claim)
    return false


def _turned(rng: random.Random, scene: Scene, folder: Path) -> bool | None:
    """A finding in plain words, and perhaps runs that turn the verdict under it."""
    reworded(scene, "q0", finding="I saw it.")
    scene.sealed(folder)
    if scene.answered()[0].verdict not in ("better", "worse"):
        return None
    false = rng.random() < 0.5
    base = mean([scene.numbers[run.id] for run in scene.runs if run.config["norm"] == "bn"])
    for run in scene.runs:
        if run.config["norm"] == "wn":
            number = scene.numbers[run.id]
            scene.numbers[run.id] = 2 * base - number if false else number + 0.001
    return false


# ---------------------------------------------------------------------------------------------------
# Tables


def read_back(draws: int, folder: Path) -> Iterator[Bar]:
    """How many cells come back from pandas as they went, and how many a spreadsheet would obey."""
    import pandas

    rng, same, cells, unsafe, texts = random.Random(f"{SEED} tables"), 0, 0, 0, 0
    for _ in range(draws):
        words = rng.sample(NASTY, 5)
        question = a_question(0, 20, ("bn", words[0]), finding=words[1], notes=words[2], context=words[3])
        scene = a_scene(rng, replace(question, name=words[4]))
        answered = scene.answered()
        kinds = {sheet.name: [column.kind for column in sheet.columns] for sheet in sheets(answered)}
        for path in write_csv(answered, scene.store, folder / "tree.csv")[:3]:
            first = pandas.read_csv(path, dtype=str, keep_default_na=False)
            again = path.with_name("again.csv")
            first.to_csv(again, index=False, encoding="utf-8-sig", lineterminator="\n")
            second = pandas.read_csv(again, dtype=str, keep_default_na=False)
            same, cells = same + int((first == second).to_numpy().sum()), cells + first.size
            same -= path.read_bytes() != again.read_bytes()
            kind = kinds[path.stem.partition("_")[2] or "tree"] + ["object"]
            for name, what in zip(first.columns, kind, strict=False):
                listed = [text for text in first[name] if what not in ("integer", "number")]
                unsafe += sum(bool(_UNSAFE.match(text)) for text in listed)
                texts += len(listed)
    yield Bar("cells that come back from pandas as they went", same / cells, cells, low=1.0, exact=True)
    yield Bar(
        "cells that a spreadsheet would take for a formula", unsafe / texts, texts, high=0.0, exact=True
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        sys.exit(told(partial(simulate, folder=Path(place)), default=2_000))
