"""A run as every store tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

STATUSES = ("QUEUED", "RUNNING", "COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT")
LIVE_FOR = 30.0  # seconds after the last heartbeat in which a run counts as alive: three beats of 10 s


@dataclass(frozen=True, slots=True)
class Series:
    """One metric of one run, in the order it was logged."""

    name: str
    steps: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    timestamps: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """The record of one run, without its metrics' points, which the store gives by name."""

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
    metrics: tuple[str, ...] = ()  # names
    fault: str = ""  # what could not be read of its record, in words

    def state(self, now: datetime) -> str:
        """What the run is at `now`: queued, running, dead, done, diverged, failed or interrupted."""
        if self.status == "RUNNING":
            beat = self.heartbeat or self.started
            alive = beat is not None and (now - beat).total_seconds() <= LIVE_FOR
            return "running" if alive else "dead"
        if self.status == "COMPLETED":
            return "diverged" if self.diverged else "done"
        return {"QUEUED": "queued", "INTERRUPTED": "interrupted"}.get(self.status, "failed")

    @property
    def diverged(self) -> Mapping[str, Any] | None:
        """Where the loss stopped being finite, or None: `info.tracker.diverged` of the record."""
        facts = self.info.get("tracker")
        return facts.get("diverged") if isinstance(facts, Mapping) else None

    @property
    def hours(self) -> float:
        """Hours from the start to the end, or to the last sign of life."""
        end = self.stopped or self.heartbeat
        return (end - self.started).total_seconds() / 3600 if self.started and end else 0.0
