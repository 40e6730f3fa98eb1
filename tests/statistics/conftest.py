"""Questions and runs made to measure, for tests of what is concluded from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.findings import Finding, findings
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run
from tracker.tree import build_tree, cells

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DIVERGED = "diverged"
Skills = Mapping[Any, Sequence[float | str | None]]


def make_question(**fields: Any) -> Question:
    """A question on two values with three seeds, unless the fields say otherwise."""
    given = {
        "node": "q",
        "id": "q",
        "name": "q",
        "line": 1,
        "level": 1,
        "metric": Metric("test.accuracy", unit="%"),
        "question": "Why?",
        "parameter": "norm",
        "values": ("bn", "wn"),
        "baseline": "bn",
        "seeds": (1, 2, 3),
        "experiment": "full",
    }
    return Question(**{**given, **fields})


class Laboratory:
    """Runs and their numbers; each new run gets the next id."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.numbers: dict[tuple[str, int | str], float] = {}
        self.last_id = 0

    def record(self, question: Question, skills: Skills, info: Any = None, **config: Any) -> Laboratory:
        """One run per cell that has a skill: a number, a status such as FAILED, or DIVERGED.

        `info` is the record's, or a function from a cell to it.
        """
        for cell in cells(question):
            listed = skills.get(cell.value, ())
            place = question.seeds.index(cell.seed)
            skill = listed[place] if place < len(listed) else None
            if skill is not None:
                told = info(cell) if callable(info) else info or {}
                self.add(cell.settings, cell.seed, skill, question.metric.name, told, config)
        return self

    def add(
        self,
        given: Mapping[str, Any],
        seed: int,
        skill: float | str,
        metric: str,
        info: Mapping[str, Any],
        config: Mapping[str, Any],
    ) -> Run:
        self.last_id += 1
        settings = {name: value for name, value in given.items() if name != "experiment"}
        status = "COMPLETED" if skill == DIVERGED or not isinstance(skill, str) else skill
        tracker = {**info.get("tracker", {})} | ({"diverged": {"step": 9}} if skill == DIVERGED else {})
        run = Run(
            id=self.last_id,
            experiment=given.get("experiment", "full"),
            status=status,
            config={**settings, **config, "seed": seed},
            seed=seed,
            started=NOON,
            heartbeat=NOON,
            stopped=NOON if status == "COMPLETED" else None,
            info={**info, "tracker": tracker} if tracker else info,
        )
        self.runs.append(run)
        if not isinstance(skill, str):
            self.numbers[metric, run.id] = skill
        return run

    def values(self, runs: Iterable[Run], name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: self.numbers[name, run.id] for run in runs if (name, run.id) in self.numbers}

    def answer(self, *roots: Question, **more: Any) -> tuple[Finding, ...]:
        nodes = build_tree(Questions(Path("q.yaml"), "p", roots), self.runs)
        return findings(nodes, self.values, NOON, **more)


@pytest.fixture
def a_question() -> Callable[..., Question]:
    """a_question(values=..., sesoi=...) makes a question."""
    return make_question


@pytest.fixture
def laboratory() -> Laboratory:
    """An empty laboratory."""
    return Laboratory()


@pytest.fixture
def conclude() -> Callable[..., Finding]:
    """conclude(question, skills) is the finding that runs with these skills give."""

    def finding(question: Question, skills: Skills, **config: Any) -> Finding:
        return Laboratory().record(question, skills, **config).answer(question)[0]

    return finding
