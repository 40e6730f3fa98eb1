"""Questions with runs that answer them, made to be changed: for bars of what becomes of findings."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.errors import UnknownRunError
from tracker.findings import Finding, findings
from tracker.findings.sealing import seal
from tracker.findings.seals import Seal, read_seals
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run, Series
from tracker.tree import build_tree, cells

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
METRIC = Metric("test.accuracy", unit="%", sesoi=0.5)
NASTY = ("=cmd()", "+1", "-1", "@x", "none", "1e5", " a ", 'say "so"', "a,b;c\nd", "\u202eüß", "TRUE", "'=x")


@dataclass
class Scene:
    """Questions and the runs that there are."""

    questions: tuple[Question, ...]
    runs: list[Run] = field(default_factory=list)
    numbers: dict[int | str, float] = field(default_factory=dict)
    seals: Mapping[str, Seal] = field(default_factory=dict)

    def add(self, settings: Mapping[str, Any], seed: int, number: float, status: str = "COMPLETED") -> Run:
        """One more run, newer than all others."""
        id = len(self.numbers) + 1
        stopped = NOON + timedelta(minutes=id)
        config = {name: value for name, value in settings.items() if name != "experiment"}
        run = Run(
            id=id, experiment="full", status=status, config={**config, "seed": seed}, seed=seed, started=NOON,
            heartbeat=stopped, stopped=stopped, info={"tracker": {"uuid": f"{id:032x}"}},
        )  # fmt: skip
        self.runs.append(run)
        self.numbers[id] = number
        return run

    def answered(self) -> tuple[Finding, ...]:
        """The findings of this moment."""
        nodes = build_tree(Questions(Path("q.yaml"), "p", self.questions), self.runs)
        return findings(nodes, self.store.values, NOON, self.seals)

    def sealed(self, folder: Path) -> None:
        """Seal what there is."""
        path = folder / "q.yaml"
        path.with_name("q.lock.json").unlink(missing_ok=True)
        seal(path, self.answered(), NOON)
        self.seals = read_seals(path)

    @property
    def store(self) -> Memory:
        """The runs as a store."""
        return Memory(self.runs, self.numbers)


@dataclass
class Memory:
    """A store whose runs are given."""

    given: Sequence[Run]
    numbers: Mapping[int | str, float]
    address: str = "memory"

    def runs(self) -> Iterator[Run]:
        yield from self.given

    def run(self, id: int | str) -> Run:
        for run in self.given:
            if run.id == id:
                return run
        raise UnknownRunError(f"Run {id} is not in memory.")

    def metrics(self, _run: Run) -> tuple[str, ...]:
        return (METRIC.name,)

    def series(self, run: Run, name: str) -> Series:
        return Series(name, (1,), (self.numbers[run.id],))

    def values(self, runs: Iterable[Run], _name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: self.numbers[run.id] for run in runs if run.id in self.numbers}


def a_question(at: int, depth: int, values: tuple[str, ...], **fields: Any) -> Question:
    """A question at a depth, whose runs other questions at that depth share."""
    return Question(
        node=f"q{at}", id=f"q{at}", name=f"q{at}", line=1, level=1, metric=METRIC, question="Why?",
        parameter="norm", values=values, baseline=values[0], seeds=(1, 2, 3), experiment="full",
        setup={"depth": depth}, launch="python -m experiments.{experiment}", **fields,
    )  # fmt: skip


def a_scene(rng: random.Random, *questions: Question) -> Scene:
    """The questions with a run for each value and seed, some values better and some worse."""
    scene = Scene(questions)
    done = set()
    for question in questions:
        centres = {value: rng.choice([50.0, 50.0, 60.0, 40.0]) for value in question.values}
        for cell in cells(question):
            wanted = (cell.settings["depth"], cell.value, cell.seed)
            if wanted not in done:
                scene.add(cell.settings, cell.seed, rng.gauss(centres[cell.value], 1))
                done.add(wanted)
    return scene


def reworded(scene: Scene, node: str, **fields: Any) -> None:
    """Change what one question says."""
    scene.questions = tuple(
        replace(question, **fields) if question.node == node else question for question in scene.questions
    )
