"""Whether a run that is alive still gets on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

LEAST = 600.0  # seconds of silence under which no run has stalled, however quick it was before
PAUSES = 5.0  # the silence that is too long, in longest pauses of this run's own
UNKNOWN = 3600.0  # seconds of silence of a run that has told too little to have a pause of its own
LOOKED_AT = 200  # the latest points by which a run's pauses are known


@dataclass(frozen=True, slots=True)
class Progress:
    """When a run told something last, and the longest pause among the latest points that it told."""

    last: datetime
    pause: float | None = None  # seconds; None under two points

    def has_stalled(self, now: datetime) -> bool:
        """Silent for more than PAUSES of its own pauses and LEAST; without a pause of its own, UNKNOWN."""
        patience = UNKNOWN if self.pause is None else max(LEAST, PAUSES * self.pause)
        return (now - self.last).total_seconds() > patience


def progress(points: Iterable[datetime], others: Iterable[datetime]) -> Progress | None:
    """By the times of a run's points, and of whatever else it told; None where nothing is known."""
    latest = sorted(points)[-LOOKED_AT:]
    told = [*latest, *others]
    pauses = [(after - before).total_seconds() for before, after in pairwise(latest)]
    return Progress(max(told), max(pauses, default=None)) if told else None
