"""A question as the question file declares it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.configs import same

VERDICTS = (
    "better",
    "better-but-small",
    "worse",
    "worse-but-small",
    "same",
    "inconclusive",
    "unreplicated",
    "rising",
    "falling",
    "flat",
    "diverged",  # a value, or the baseline, converged with no seed
)


@dataclass(frozen=True, slots=True)
class Metric:
    """The number that answers a question."""

    name: str
    reduce: str = "last"  # last, max, min or mean of the series
    goal: str = "maximize"
    unit: str = ""
    sesoi: float | None = None  # the smallest difference of interest, in the metric's unit


@dataclass(frozen=True, slots=True)
class Question:
    """One node of the tree: a question with values to compare, or a group of questions."""

    node: str  # the path of ids, such as bn-only/depth
    id: str
    line: int
    level: int  # 1 for a root
    metric: Metric
    sub_project: str = ""
    context: str = ""
    name: str = ""
    question: str = ""
    hypothesis: str = ""
    finding: str = ""  # written by a human
    notes: str = ""
    setup: Mapping[str, Any] = field(default_factory=dict)  # inherited ones included, flat dotted names
    parameter: str = ""  # empty for a group
    values: tuple[Any, ...] = ()
    baseline: Any = None
    scale: str = ""  # "", "ordered" or "log"
    seeds: tuple[int, ...] = ()
    alpha: float = 0.05
    pair_by: str = ""
    nuisance: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    select_by: str = ""
    when: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    experiment: str = ""
    launch: str = ""
    children: tuple[Question, ...] = ()

    @property
    def has_baseline(self) -> bool:
        """Whether one of the values is the one to compare with; null may be that value."""
        return any(same(value, self.baseline) for value in self.values)


@dataclass(frozen=True, slots=True)
class Questions:
    """A question file."""

    path: Path
    project: str
    roots: tuple[Question, ...]

    def walk(self) -> Iterator[Question]:
        """Every question and group, depth first in declared order."""
        yield from _walk(self.roots)


def _walk(questions: tuple[Question, ...]) -> Iterator[Question]:
    for question in questions:
        yield question
        yield from _walk(question.children)
