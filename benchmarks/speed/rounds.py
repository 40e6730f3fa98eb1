"""Rounds of A B B A, each side in processes of its own, with what others did meanwhile."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from statistics import fmean, median

from benchmarks.machine import QUIET, busy_seconds
from benchmarks.speed.cases import Case, Side


class SideError(Exception):
    """A side that broke off, with the end of what it said."""


@dataclass(frozen=True)
class Round:
    """One A B B A: what each side reached, and the cores that others used."""

    ours: float
    other: float
    ratio: float  # how many times better ours is
    others: float
    start: float  # seconds of ours before the first thing measured

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
    """A B B A."""
    busy, own, began = busy_seconds(), _of_children(), time.monotonic()
    first, second, third, last = (measured(side) for side in (case.ours, case.other, case.other, case.ours))
    wall = time.monotonic() - began
    others = max(0.0, (busy_seconds() - busy) - (_of_children() - own)) / wall
    ours, other = fmean((first[0], last[0])), fmean((second[0], third[0]))
    return Round(ours, other, other / ours if case.less_is_better else ours / other, others, first[1])


def measured(side: Side) -> tuple[float, float]:
    """What the side reaches, all its processes together, and the seconds to its start."""
    threads = str(side.threads)
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.speed.sides", side.function]
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen(
            [*command, json.dumps(dict(side.options))], env=environment, stdout=pipe, stderr=pipe
        )
        for _ in range(side.processes)
    ]
    answers = [_answer(process) for process in started]
    return sum(answer["value"] for answer in answers), max(answer["start"] for answer in answers)


def _answer(process: subprocess.Popen[bytes]) -> dict[str, float]:
    output, errors = process.communicate()
    if process.returncode:
        raise SideError(errors.decode(errors="replace").strip()[-2000:])
    answer: dict[str, float] = json.loads(output.decode().strip().splitlines()[-1])
    return answer


def _of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
