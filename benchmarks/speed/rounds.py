"""Rounds of A B B A, each side in processes of its own, with what others did meanwhile."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.machine import QUIET, busy_seconds
from benchmarks.speed.cases import Case
from benchmarks.speed.turns import Turn, Turns

OF_PROCESSES = 2  # rounds, then new ones take over: what one got of memory and caches stays with it


@dataclass(frozen=True)
class Round:
    """One A B B A: what each side reached, and the cores that others used."""

    ours: float
    other: float
    ratio: float  # how many times better ours is
    others: float
    start: float  # seconds of our processes before the first thing that they measured
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


def rounds_of(case: Case, count: int) -> Iterator[Round]:
    """So many, each as soon as its processes have ended."""
    for done in range(0, count, OF_PROCESSES):
        yield from _of_new_processes(case, min(OF_PROCESSES, count - done))


def _of_new_processes(case: Case, count: int) -> list[Round]:
    busy, own, began = busy_seconds(), _of_children(), time.monotonic()
    with Turns(case.ours) as ours, Turns(case.other) as other:
        turns = [[side.turn() for side in (ours, other, other, ours)] for _ in range(count)]
    wall = time.monotonic() - began
    others = max(0.0, (busy_seconds() - busy) - (_of_children() - own)) / wall
    return [_round(case, each, others) for each in turns]


def _round(case: Case, turns: Sequence[Turn], others: float) -> Round:
    first, second, third, last = turns
    reached, beside = fmean((first.value, last.value)), fmean((second.value, third.value))
    ratio = beside / reached if case.less_is_better else reached / beside
    return Round(reached, beside, ratio, others, first.start, second.start)


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
