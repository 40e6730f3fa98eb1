"""Rounds of A B B A, each side in processes of its own, with what others did meanwhile."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.machine import QUIET, busy_seconds
from benchmarks.speed.cases import Case
from benchmarks.speed.turns import Turns


@dataclass(frozen=True)
class Round:
    """One A B B A: what each side reached, and the cores that others used."""

    ours: float
    other: float
    ratio: float  # how many times better ours is
    others: float
    start: float  # seconds of ours before the first thing measured
    other_start: float  # and of the other side

    @property
    def is_dirty(self) -> bool:
        """Whether others were busy."""
        return self.others > QUIET


@dataclass(frozen=True)
class Found:
    """All rounds of a case."""

    rounds: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """The median."""
        return median(one.ratio for one in self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """The least and the greatest."""
        ratios = [one.ratio for one in self.rounds]
        return min(ratios), max(ratios)

    @property
    def ours(self) -> float:
        """The median."""
        return median(one.ours for one in self.rounds)

    @property
    def other(self) -> float:
        """The median."""
        return median(one.other for one in self.rounds)

    @property
    def dirty(self) -> int:
        """How many rounds others disturbed."""
        return sum(one.is_dirty for one in self.rounds)

    def clears(self, gate: float) -> bool | None:
        """Whether every clean round does; None where there is none."""
        clean = [one.ratio for one in self.rounds if not one.is_dirty]
        return all(ratio >= gate for ratio in clean) if clean else None


def one_round(case: Case) -> Round:
    """A B B A, where each side has processes of its own, new ones in every round."""
    busy, own, began = busy_seconds(), _of_children(), time.monotonic()
    with Turns(case.ours) as ours, Turns(case.other) as other:
        first, second, third, last = (side.turn() for side in (ours, other, other, ours))
    wall = time.monotonic() - began
    others = max(0.0, (busy_seconds() - busy) - (_of_children() - own)) / wall
    reached, beside = fmean((first.value, last.value)), fmean((second.value, third.value))
    ratio = beside / reached if case.less_is_better else reached / beside
    return Round(reached, beside, ratio, others, first.start, second.start)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
