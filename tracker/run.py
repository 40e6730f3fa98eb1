"""A run as every store tells it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker.errors import TrackerError
from tracker.progress import Progress

if TYPE_CHECKING:
    import pandas

STATUSES = ("QUEUED", "RUNNING", "COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT")
LIVE_FOR = 30.0  # seconds after the last heartbeat in which a run counts as alive: three beats of 10 s

REDUCTIONS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "last": lambda values: values[-1],
    "max": max,
    "min": min,
    "mean": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one run, in the order it was logged."""

    name: str
    steps: tuple[float, ...] = ()
    values: tuple[float, ...] = ()  # as many as steps; NaN where what was logged is no number
    timestamps: tuple[datetime, ...] = ()  # UTC and aware; empty unless every point has one

    def as_pandas(self) -> pandas.Series[float]:
        """The values with the steps as their index."""
        import pandas

        index = pandas.Index(self.steps, dtype="float64", name="step")
        return pandas.Series(self.values, index=index, name=self.name, dtype="float64")


def reduced(values: Sequence[float], reduction: str) -> float | None:
    """One number for a metric's values, or None where a point that the reduction looks at is not finite.

    `last` looks at the last point alone; the others look at all, so that a loss which was once infinite
    has no mean, but no flattering minimum either. No points, no number.
    """
    if reduction not in REDUCTIONS:
        raise TrackerError(f"Reduction {reduction!r} is unknown; known are {', '.join(REDUCTIONS)}.")
    seen = values[-1:] if reduction == "last" else values
    if not seen or not all(math.isfinite(value) for value in seen):
        return None
    number = REDUCTIONS[reduction](seen)
    return number if math.isfinite(number) else None  # a mean of huge values may overflow


@dataclass(frozen=True, slots=True)
class Run:
    """The record of one run without its metrics, which may be large: the store gives them by name."""

    id: int | str
    experiment: str
    status: str  # Sacred's word, one of STATUSES
    config: Mapping[str, Any]
    seed: int | None = None
    command: str = ""
    started: datetime | None = None  # all times are UTC and aware
    heartbeat: datetime | None = None
    stopped: datetime | None = None
    result: Any = None
    info: Mapping[str, Any] = field(default_factory=dict)
    host: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""  # the last line of the traceback of a run that failed
    fault: str = ""  # what could not be read of its record, in words
    progress: Progress | None = field(default=None, compare=False)  # of a run that goes, where it is known

    def state(self, now: datetime) -> str:
        """What the run is at `now`: queued, running, stalled, dead, done, diverged, failed or interrupted."""
        if self.status == "RUNNING":
            beat = self.heartbeat or self.started
            # a heartbeat far ahead is a clock that was wrong, and no life
            alive = beat is not None and abs((now - beat).total_seconds()) <= LIVE_FOR
            if not alive:
                return "dead"
            return "stalled" if self.progress and self.progress.has_stalled(now) else "running"
        if self.status == "COMPLETED":
            return "done" if self.diverged is None else "diverged"
        return {"QUEUED": "queued", "INTERRUPTED": "interrupted"}.get(self.status, "failed")

    @property
    def diverged(self) -> Mapping[str, Any] | None:
        """Where the loss stopped being finite, or None: `info.tracker.diverged` of the record."""
        found = self._facts.get("diverged")
        return found if isinstance(found, Mapping) else None

    @property
    def uuid(self) -> str:
        """The run's identity, the same in every store, or "" where it has none: `info.tracker.uuid`."""
        found = self._facts.get("uuid")
        return found if isinstance(found, str) else ""

    @property
    def parts(self) -> Sequence[Mapping[str, Any]]:
        """What each of its processes did, in order, where there were several: `info.tracker.parts`."""
        found = self._facts.get("parts")
        return [part for part in found if isinstance(part, Mapping)] if isinstance(found, list) else []

    @property
    def continues(self) -> Mapping[str, Any] | None:
        """The run whose state this one went on from, in another record: `info.tracker.continues`."""
        found = self._facts.get("continues")
        return found if isinstance(found, Mapping) else None

    @property
    def _facts(self) -> Mapping[str, Any]:
        """What the tracker wrote into the record; anything may stand there."""
        found = self.info.get("tracker")
        return found if type(found) is dict or isinstance(found, Mapping) else {}

    @property
    def hours(self) -> float:
        """Hours from the start to the end, or to the last sign of life, without those between its parts."""
        begun, end = self.started, self.stopped or self.heartbeat
        if self.parts:
            begun = _moment(self.parts[-1].get("started"))
        last = (end - begun).total_seconds() if begun and end else 0.0
        return (sum(map(_seconds, self.parts[:-1])) + last) / 3600


def _seconds(part: Mapping[str, Any]) -> float:
    found = part.get("seconds")
    return float(found) if isinstance(found, int | float) else 0.0


def _moment(text: Any) -> datetime | None:
    """A time as the journal writes it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
