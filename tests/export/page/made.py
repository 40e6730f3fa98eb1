"""Findings that are made up: a store, questions of every kind, and many of them."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.errors import UnknownRunError
from tracker.findings import Finding, findings
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run, Series, reduced
from tracker.tree import build_tree, cells

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class MadeStore:
    """A store of runs that were made up, with the promises of every store."""

    address: str = "made/runs"
    made: dict[int | str, Run] = field(default_factory=dict)
    points: dict[int | str, dict[str, Series]] = field(default_factory=dict)

    def runs(self) -> Iterator[Run]:
        return iter(self.made.values())

    def run(self, id: int | str) -> Run:
        if id not in self.made:
            raise UnknownRunError(f"Run {id} is not in {self.address}.")
        return self.made[id]

    def metrics(self, run: Run) -> tuple[str, ...]:
        return tuple(sorted(self.points.get(run.id, {})))

    def series(self, run: Run, name: str) -> Series:
        return self.points.get(run.id, {}).get(name, Series(name))

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        found = {run.id: reduced(self.series(run, name).values, reduction) for run in runs}
        return {id: value for id, value in found.items() if value is not None}

    def record(self, question: Question, skills: Mapping[Any, Iterable[float | str]], **config: Any) -> None:
        """One run per value and seed: a number, `diverged`, or the status of a run that did not complete."""
        wanted = {repr(value): list(numbers) for value, numbers in skills.items()}
        for cell in cells(question):
            left = wanted.get(repr(cell.value))
            if left:
                self._add(question, cell.settings, cell.seed, left.pop(0), config)

    def _add(
        self, question: Question, given: Mapping[str, Any], seed: int, skill: float | str, config: Any
    ) -> None:
        id = len(self.made) + 1
        started, known = NOON - timedelta(hours=3, minutes=id), not isinstance(skill, str)
        status = "COMPLETED" if known or skill == "diverged" else str(skill)
        alive, tracker = status == "RUNNING", {"code": {"commit": "4f3c2a1b9d8e", "dirty": False}}
        self.made[id] = Run(
            id=id,
            experiment=given.get("experiment", "full"),
            status=status,
            config={**{k: v for k, v in given.items() if k != "experiment"}, **config, "seed": seed},
            seed=seed,
            started=started,
            heartbeat=NOON if alive else started + timedelta(minutes=40),
            stopped=None if alive else started + timedelta(minutes=40),
            info={"tracker": {**tracker, "diverged": {"step": 9}} if skill == "diverged" else tracker},
            failure="RuntimeError: CUDA out of memory" if status == "FAILED" else "",
        )
        if known or alive:
            end = float(skill) if known else 50.0
            self.points[id] = _series(question.metric.name, end, known, random.Random(id))


def _series(metric: str, end: float, completed: bool, chance: random.Random) -> dict[str, Series]:
    count = 60 if completed else 25
    steps = tuple(float(390 * (at + 1)) for at in range(count))
    curve = tuple(end * (1 - math.exp(-(at + 1) / 12)) + chance.gauss(0, 0.8) for at in range(count))
    found = {"validation.accuracy": Series("validation.accuracy", steps, curve)}
    return found | {metric: Series(metric, steps[-1:], (end,))} if completed else found


def a_question(id: str, above: str = "", **fields: Any) -> Question:
    node = f"{above}/{id}" if above else id
    given: dict[str, Any] = {
        "node": node,
        "id": id,
        "name": id,
        "line": 1,
        "level": node.count("/") + 1,
        "metric": Metric("test.accuracy", unit="%", sesoi=0.5),
        "question": f"What does {id} change?",
        "parameter": "norm",
        "values": ("batchnorm", "weight_norm"),
        "baseline": "batchnorm",
        "seeds": (1, 2, 3),
        "experiment": "full",
        "launch": "python -m experiments.{experiment}",
        "context": "made up",
    }
    return Question(**{**given, **fields})


def a_group(id: str, *children: Question, **fields: Any) -> Question:
    empty = {"parameter": "", "values": (), "baseline": None, "seeds": (), "experiment": ""}
    return a_question(id, **{**empty, **fields}, children=children)


@dataclass(frozen=True)
class Made:
    """Questions with their store, as findings."""

    store: MadeStore
    roots: tuple[Question, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        tree = build_tree(Questions(Path("made.yaml"), "made", self.roots), self.store.runs())
        return findings(tree, self.store.values, NOON)


def every_kind() -> Made:
    """A tree with every state, and with verdicts of both kinds of question."""
    store = MadeStore()
    return Made(store, (_about_norms(store), _about_sizes(store)))


def _about_norms(store: MadeStore) -> Question:
    say = {"sub_project": "Normalisation"}
    worse = a_question(
        "weight-norm",
        "norm",
        question="Does weight normalisation reach BatchNorm's accuracy?",
        setup={"depth": 20, "epochs": 160},
        hypothesis="weight_norm ends a few points below batchnorm.",
        **say,
    )
    same = a_question(
        "initial-scale",
        "norm",
        question="Does it matter whether BatchNorm's scale starts at one?",
        setup={"depth": 56},
        **{"parameter": "batchnorm_init", "values": ("uniform", "one"), "baseline": "uniform"},
        notes="See the paper.\n\nAnd ask Ada.",
        **say,
    )
    open_ = a_question(
        "frozen-shift",
        "norm",
        question="Is the shift needed where the next layer has a bias?",
        setup={"depth": 32},
        **{"parameter": "batchnorm", "values": ("train", "no_shift"), "baseline": "train"},
        finding="It makes no odds.",
        **say,
    )
    going = a_question(
        "without",
        "norm",
        question="How far does a network get without any normalisation?",
        setup={"depth": 110},
        values=("batchnorm", "weight_norm", "none"),
        **say,
    )
    store.record(worse, {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (80.1, 82.0, 81.0)})
    store.record(same, {"uniform": (91.2, 91.3, 91.25), "one": (91.22, 91.31, 91.2)})
    store.record(open_, {"train": (91.2, 91.9, 90.1), "no_shift": (92.4, 90.6, 91.9)})
    store.record(going, {"batchnorm": (91.2, 91.6, 91.4), "weight_norm": (88.0, "RUNNING")})
    asked = "What does a network need of normalisation?"
    return a_group("norm", worse, same, open_, going, question=asked, **say)


def _about_sizes(store: MadeStore) -> Question:
    say = {"sub_project": "Batch size"}
    paper = {"context": "paper recipe"}
    size = {"parameter": "batch_size", "values": (8, 32, 128, 512), "baseline": 128, "scale": "log"}
    rises = a_question(
        "optimiser-batch",
        "size",
        question="Below and above which batch size does accuracy fall?",
        setup={"momentum": 0.9},
        **{**size, **say, **paper},
    )
    lost = a_question(
        "high-rate",
        "size",
        question="Does a learning rate of one still train?",
        setup={"momentum": 0.8},
        **{"parameter": "lr", "values": (0.1, 1.0), "baseline": 0.1, **say, **paper},
    )
    later = a_question(
        "eval-mode",
        "size",
        question="Does frozen BatchNorm repair small batches?",
        setup={"momentum": 0.7},
        when={"parent.verdict": "falling"},
        **paper,
    )
    broken = a_question(
        "micro-batch",
        "size",
        question="How few samples may BatchNorm see at once?",
        setup={"momentum": 0.6},
        **{"parameter": "micro_batch_size", "values": (128, 2), "baseline": 128, **say},
    )
    sizes = {8: (85.1, 84.2, 86.0), 32: (90.0, 90.4, 89.9), 128: (91.2, 91.5, 91.1), 512: (90.4, 90.9, 90.5)}
    store.record(rises, sizes)
    store.record(lost, {0.1: (91.2, 91.6, 91.4), 1.0: ("diverged",) * 3})
    store.record(broken, {128: (91.2, "FAILED", "FAILED"), 2: ("FAILED",)})
    return a_group("size", rises, lost, later, broken, question="What does the batch size change?")


def many(questions: int = 200, values: int = 5, seeds: int = 5) -> Made:
    """As many questions as a large project asks, each with its own runs and settings."""
    store, roots = MadeStore(), []
    for group in range(questions // 20):
        asked = [_one_of_many(store, f"topic-{group}", place, values, seeds) for place in range(20)]
        roots.append(
            a_group(f"topic-{group}", *asked, question=f"What is there to know about topic {group}?")
        )
    return Made(store, tuple(roots))


def _one_of_many(store: MadeStore, group: str, place: int, values: int, seeds: int) -> Question:
    setup = {"data": "cifar10", "width": 16, "shortcut": "B", "epochs": 160, "optimizer": "sgd", "lr": 0.1}
    more = {"momentum": 0.9, "weight_decay": 0.0001, "schedule": "multistep", "milestones": [0.5, 0.75]}
    question = a_question(
        f"question-{place}",
        group,
        question="Does accuracy change with the width of the network when everything else stays the same?",
        setup={**setup, **more, "topic": group, "place": place},
        sub_project=group,
        parameter="width_factor",
        values=tuple(2**power for power in range(values)),
        baseline=1,
        scale="log" if place % 2 else "",
        seeds=tuple(range(1, seeds + 1)),
    )
    chance = random.Random(f"{group} {place}")
    drift = chance.choice((0.0, 0.5, -1.5))
    skills = {
        v: [80 + drift * at + chance.gauss(0, 1) for _ in range(seeds)]
        for at, v in enumerate(question.values)
    }
    store.record(question, skills)
    return question
