"""A question as the question file declares it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.configs import same
from tracker.questions.ranges import Range

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
    "peak",
    "valley",
    "diverged",  # a value, or the baseline, converged with no seed
)


TREND_WORDS = ("rising", "falling", "flat", "peak", "valley")  # verdicts on a whole scale
CLAIMED = ("better", "worse", "same", "diverged", *TREND_WORDS)  # what may be claimed

SAMPLERS = ("grid", "random", "optuna")  # how the settings to try are found
Tuned = tuple[Any, ...] | Range  # what a setting is tuned over

_SPLITS = {"val": "validation", "valid": "validation", "dev": "validation", "train": "training"}
SPLITS = ("test", "validation", "training")


def split_of(name: str) -> str:
    """The split that a metric's name tells, such as test.accuracy or val_loss; empty where it tells none."""
    first = re.split(r"[^a-z]", name.lower())[0]
    return first if first in SPLITS else _SPLITS.get(first, "")


@dataclass(frozen=True, slots=True)
class Metric:
    """The number that answers a question."""

    name: str
    reduce: str = "last"  # last, max, min or mean of the series
    goal: str = "maximize"
    unit: str = ""
    sesoi: float | None = None  # the smallest difference of interest, in the metric's unit
    split: str = ""  # test, validation or training; read from the name where it tells

    def __post_init__(self) -> None:
        if not self.split:
            object.__setattr__(self, "split", split_of(self.name))


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says the runs will show, in a form that can be checked."""

    verdict: str  # one of CLAIMED
    value: Any = None  # against the baseline; None for a trend
    at_least: float | None = None  # the size of the difference, in the metric's unit
    at_most: float | None = None
    says: str = ""
    source: str = ""
    line: int = 0


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
    claims: tuple[Claim, ...] = ()
    finding: str = ""  # written by a human
    finding_claim: Claim | None = None  # what the human's finding says, where it can be checked
    notes: str = ""
    explain: Mapping[str, str] = field(default_factory=dict)  # what its values mean, in words
    setup: Mapping[str, Any] = field(default_factory=dict)  # inherited ones included, flat dotted names
    parameter: str = ""  # empty for a group
    values: tuple[Any, ...] = ()
    baseline: Any = None
    scale: str = ""  # "", "ordered" or "log"
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # what a named value sets
    seeds: tuple[int, ...] = ()  # those that were added after a look at the results stand last
    added: tuple[int, ...] = ()  # and here once more
    looks: tuple[int, ...] = ()  # at how many seeds the results may be looked at
    alpha: float = 0.05
    pair_by: str = ""
    nuisance: Mapping[str, Tuned] = field(default_factory=dict)
    select_by: str = ""
    tuning_seeds: tuple[int, ...] = ()  # of the runs that choose, where they are not those that report
    trials: int = 0  # how many settings are tried for each value, where there is a range; else 0
    sampler: str = "grid"  # one of SAMPLERS
    when: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0  # runs of a higher number start first
    parked: bool = False  # put aside, with all beneath it
    ignore: tuple[str, ...] = ()
    experiment: str = ""
    launch: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)  # where each setting is named
    children: tuple[Question, ...] = ()

    @property
    def has_baseline(self) -> bool:
        """Whether one of the values is the one to compare with; null may be that value."""
        return any(same(value, self.baseline) for value in self.values)

    @property
    def error_rate(self) -> float:
        """The error rate of one look: alpha, shared out among the declared looks."""
        return self.alpha / (len(self.looks) or 1)

    def settings_of(self, value: Any) -> Mapping[str, Any]:
        """The settings that a value stands for: the parameter's, or those of a named variant."""
        return self.variants[value] if self.variants else {self.parameter: value}

    @property
    def varied(self) -> tuple[str, ...]:
        """The settings in which the values differ, and the nuisance ones."""
        names = next(iter(self.variants.values())) if self.variants else (self.parameter,)
        return (*names, *self.nuisance)


@dataclass(frozen=True, slots=True)
class Questions:
    """A question file, or a profile of one."""

    path: Path  # the address: of a profile, the file's with @ and its name
    project: str
    roots: tuple[Question, ...]
    about: str = ""  # what the questions are about, in a sentence or two

    def walk(self) -> Iterator[Question]:
        """Every question and group, depth first in declared order."""
        yield from _walk(self.roots)


def _walk(questions: tuple[Question, ...]) -> Iterator[Question]:
    for question in questions:
        yield question
        yield from _walk(question.children)
