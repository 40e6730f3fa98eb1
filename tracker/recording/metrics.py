"""The points that a run logs, made plain numbers at once, handed to two readers."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any, NamedTuple

Number = int | float

EXACT = 2**53  # whole numbers up to here are the same as float
INT64 = 2**63


class Point(NamedTuple):
    """One value of a metric; `time` in microseconds since 1970."""

    name: str
    step: Number
    value: Number
    time: int

    @property
    def timestamp(self) -> datetime:
        """As Sacred's observers take it: UTC, naive."""
        return datetime.fromtimestamp(self.time / 1e6, UTC).replace(tzinfo=None)


@dataclass
class Batch:
    """The points of one metric, as columns."""

    steps: list[Number] = field(default_factory=list)
    values: list[Number] = field(default_factory=list)
    times: list[int] = field(default_factory=list)


class Metrics:
    """In place of Sacred's MetricsLogger in a run.

    It converts when a point is logged, because a tensor may change in place before the next beat. What is no
    number costs its own point: `leave_out` gets one sentence for each metric.
    """

    def __init__(self, leave_out: Callable[[str], None], *, also_for_sacred: bool) -> None:
        self._leave_out, self._also_for_sacred = leave_out, also_for_sacred
        self._logged: deque[Point] = deque()
        self._for_journal: list[Point] = []
        self._for_sacred: list[Point] = []
        self._last_step: dict[str, Number] = {}
        self._warned: set[str] = set()
        self._lock = Lock()

    def log_scalar_metric(self, metric_name: str, value: Any, step: Any = None) -> None:
        """Sacred's way in; step None counts on from the metric's last one."""
        now = time.time_ns() // 1000
        name = metric_name if type(metric_name) is str else str(metric_name)
        if step is None:
            step = self._last_step.get(name, -1) + 1
        try:
            if type(step) is not int or not -INT64 <= step < INT64:
                step = step_number(step)
            self._last_step[name] = step
            if type(value) is not float:
                value = number(value)
        except Exception as error:  # noqa: BLE001  # of a tensor or a user's class: costs this point alone
            self._refuse(name, step, error)
            return
        self._logged.append(Point(name, step, value, now))

    def count_on(self, steps: Mapping[str, Number]) -> None:
        """Points that are logged without a step count on from these last ones."""
        self._last_step = {**steps, **self._last_step}

    def take(self) -> dict[str, Batch]:
        """What is new for the journal, by metric."""
        with self._lock:
            self._pull()
            points, self._for_journal = self._for_journal, []
        batches: dict[str, Batch] = {}
        for name, step, value, moment in points:
            batch = batches.get(name) or batches.setdefault(name, Batch())
            batch.steps.append(step)
            batch.values.append(value)
            batch.times.append(moment)
        return batches

    def get_last_metrics(self) -> list[Point]:
        """What is new for Sacred's beat, which tells the other observers."""
        with self._lock:
            self._pull()
            points, self._for_sacred = self._for_sacred, []
        return points

    def _pull(self) -> None:
        new = [self._logged.popleft() for _ in range(len(self._logged))]
        self._for_journal += new
        if self._also_for_sacred:
            self._for_sacred += new

    def _refuse(self, name: str, step: Any, error: Exception) -> None:
        if name not in self._warned:
            self._warned.add(name)
            where = (
                f"step {step}" if isinstance(step, int | float) else f"a step of type {type(step).__name__}"
            )
            self._leave_out(
                f"metric {name} at {where} is left out ({type(error).__name__}: {error}); "
                "later points of this metric that are no numbers are left out without a word"
            )


def number(value: Any) -> Number:
    """The value as a plain number; TypeError, or what the value itself raises, where it is none."""
    if type(value) is int:
        return value if -EXACT <= value <= EXACT else float(value)
    if isinstance(value, str | bytes | bytearray):
        raise TypeError(f"a value of type {type(value).__name__} is no number")
    if hasattr(value, "item"):  # of numpy, torch and their like; more than one element raises
        value = value.item()
    if isinstance(value, str | bytes | complex):
        raise TypeError(f"a value of type {type(value).__name__} is no number")
    if isinstance(value, int):
        return number(int(value))
    return float(value)


def step_number(step: Any) -> Number:
    """The step as a plain number: whole where it is."""
    found = number(step)
    if isinstance(found, int):
        return found
    if not math.isfinite(found):
        raise ValueError(f"step {found} is not finite")
    return int(found) if found.is_integer() and abs(found) < EXACT else found
