"""When a sweep will have ended, told by what its runs took so far."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean, median


@dataclass
class Pace:
    """What the runs of a sweep took, beside what was expected of them."""

    _took: list[float] = field(default_factory=list)
    _ratios: list[float] = field(default_factory=list)

    def note(self, seconds: float, expected: float | None) -> None:
        """One run took so long."""
        self._took.append(seconds)
        if expected:
            self._ratios.append(seconds / expected)

    def of(self, expected: float | None) -> float | None:
        """What another run will take; None where nothing is known."""
        if expected is not None:
            return expected * (median(self._ratios) if self._ratios else 1.0)
        return mean(self._took) if self._took else None


def remaining(waiting: Sequence[float], running: Sequence[float], places: int) -> float:
    """Seconds until the last run ends: `running` are the seconds left of those under way."""
    free = [max(0.0, seconds) for seconds in running]
    free += [0.0] * (places - len(free))
    heapq.heapify(free)
    for seconds in waiting:
        heapq.heappush(free, heapq.heappop(free) + seconds)
    return max(free, default=0.0)
