"""Answered trees to export: one that reads well, and any number of hostile ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tracker.errors import UnknownRunError
from tracker.findings import Finding, answer
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run, Series

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass
class Memory:
    """A store whose runs and numbers are given."""

    given: tuple[Run, ...]
    numbers: Mapping[int | str, float] = field(default_factory=dict)
    address: str = "memory"

    def runs(self) -> Iterator[Run]:
        yield from self.given

    def run(self, id: int | str) -> Run:
        for run in self.given:
            if run.id == id:
                return run
        raise UnknownRunError(f"Run {id} is not in memory.")

    def metrics(self, _run: Run) -> tuple[str, ...]:
        return ("test.accuracy",)

    def series(self, run: Run, name: str) -> Series:
        return Series(name, (0, 1), (0.0, self.numbers.get(run.id, 0.0)))

    def values(self, runs: Iterable[Run], _name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: self.numbers[run.id] for run in runs if run.id in self.numbers}


@dataclass
class Answered:
    """Questions with the store that answers them, and the findings."""

    questions: Questions
    store: Memory
    findings: tuple[Finding, ...]


def answered(roots: Iterable[Question], runs: Iterable[Run], numbers: Mapping[int | str, float]) -> Answered:
    questions, store = Questions(Path("q.yaml"), "p", tuple(roots)), Memory(tuple(runs), numbers)
    return Answered(questions, store, answer(questions, store, NOON))


def question(**given: Any) -> Question:
    plain: dict[str, Any] = {
        "node": "bn/norm",
        "id": "norm",
        "line": 1,
        "level": 2,
        "metric": Metric("test.accuracy", unit="%"),
        "sub_project": "BatchNorm",
        "context": "smoke",
        "name": "norm",
        "question": "Does weight normalisation do the same?",
        "parameter": "norm",
        "values": ("bn", "wn", "none"),
        "baseline": "bn",
        "seeds": (1, 2, 3),
        "setup": {"depth": 20},
        "experiment": "full",
    }
    return Question(**{**plain, **given})


def group(*children: Question, **given: Any) -> Question:
    bare = {"parameter": "", "values": (), "baseline": None, "seeds": (), "children": children}
    return question(**{"node": "bn", "id": "bn", "name": "BatchNorm", "level": 1, **bare, **given})


def a_run(id: int | str, norm: Any, seed: int, **given: Any) -> Run:
    plain: dict[str, Any] = {
        "id": id,
        "experiment": "full",
        "status": "COMPLETED",
        "config": {"depth": 20, "norm": norm, "seed": seed},
        "seed": seed,
        "started": NOON - timedelta(hours=1),
        "heartbeat": NOON,
        "stopped": NOON,
        "info": {"tracker": {"code": {"commit": "abc123", "dirty": False}}},
    }
    return Run(**{**plain, **given})


def plain_tree() -> Answered:
    runs = [a_run(3 * at + seed, norm, seed) for at, norm in enumerate(("bn", "wn")) for seed in (1, 2, 3)]
    failed = a_run(7, "none", 1, status="FAILED")
    again = a_run(8, "bn", 1, stopped=NOON - timedelta(minutes=30))
    numbers = {1: 60.0, 2: 62.0, 3: 64.0, 4: 50.0, 5: 51.0, 6: 52.0, 8: 59.0}
    settled = question(
        node="bn/norm", values=("bn", "wn"), finding="Nearly.", hypothesis="It does.", notes="See the paper."
    )
    open_still = question(node="bn/open", id="open", name="open", values=("bn", "none"))
    return answered([group(settled, open_still)], [*runs, failed, again], numbers)


@pytest.fixture
def tree() -> Answered:
    return plain_tree()


NASTY = list("=+-@\t\r\n\"'’`,;|&<>#%$~^_{}[]()\\*!?/: aZ0é±−μ漢😀\u2028\ufeff\x1b\x7f\x85\ufffe\ud800")
WORDS = [
    "None",
    "NA",
    "nan",
    "1.10",
    "1/2",
    "TRUE",
    "1e5",
    '""',
    "a\rb",
    "#N/A",
    '=HYPERLINK("http://x","y")',
    "@SUM(A1)",
    "<script>alert(1)</script>",
    "\\end{tabular}",
    "\\input{/etc/passwd}",
    "a | b",
    "| --- |",
    "</td>",
    "![x](http://x)",
    "_x0041_",
    "x" * 40_000,
]


def hostile_texts() -> st.SearchStrategy[str]:
    return st.text(st.sampled_from(NASTY) | st.characters(), max_size=12) | st.sampled_from(WORDS)


@st.composite
def hostile_trees(draw: st.DrawFn) -> Answered:
    texts = hostile_texts()
    anything = texts | st.integers() | st.floats(-1e9, 1e9)
    values = draw(st.lists(anything, min_size=2, max_size=3, unique_by=repr))
    shown = {name: draw(texts) for name in ("name", "question", "finding", "context", "sub_project", "notes")}
    asked = question(values=tuple(values), baseline=values[0], setup={"depth": draw(texts)}, **shown)
    numbers: dict[int | str, float] = {}
    runs = []
    for value in values:
        for seed in (1, 2, 3)[: draw(st.integers(0, 3))]:
            run = a_run(draw(st.just(len(runs) + 1)), value, seed, fault=draw(texts))
            runs.append(replace(run, config={"depth": asked.setup["depth"], "norm": value, "seed": seed}))
            numbers[run.id] = draw(st.floats(-1e6, 1e6))
    return answered([group(asked, name=draw(texts), question=draw(texts))], runs, numbers)


@pytest.fixture(scope="session")
def trees() -> st.SearchStrategy[Answered]:
    """Trees whose every text is meant to break something."""
    return hostile_trees()


@pytest.fixture(scope="session")
def texts() -> st.SearchStrategy[str]:
    """Texts that are meant to break something."""
    return hostile_texts()


@pytest.fixture(scope="session")
def answering() -> Callable[..., Answered]:
    """The findings of given questions, runs and numbers."""
    return answered


@pytest.fixture(scope="session")
def asking() -> Callable[..., Question]:
    """A question with some of its fields given."""
    return question


@pytest.fixture(scope="session")
def running() -> Callable[..., Run]:
    """A run of a value and a seed."""
    return a_run
