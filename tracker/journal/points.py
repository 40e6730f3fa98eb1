"""Points of metrics as lines of the journal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

from tracker.journal.plain import INT64, clean

_AFTER_NAME = b'","steps":['  # a quote inside a name is escaped, so that this ends the name wherever it is
_TIGHT = (",", ":")  # no blanks
_START = b'{"name":'

Number = int | float


@dataclass(frozen=True, slots=True)
class Batch:
    """Points of one metric that were flushed together; times are microseconds since the epoch."""

    name: str
    steps: Sequence[Number]
    values: Sequence[float]
    times: Sequence[int]


@dataclass(frozen=True, slots=True)
class Points:
    """All points of one metric; as many times as points, or none where some are not known."""

    steps: list[Number] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    def add(self, more: Batch | Points) -> None:
        """Puts more points at the end."""
        self.steps.extend(more.steps)
        self.values.extend(more.values)
        self.times.extend(more.times)


def line(batch: Batch) -> bytes:
    """The batch as a line of the file of points; every number in it must be finite."""
    told = {
        "name": clean(batch.name),
        "steps": batch.steps,
        "values": batch.values,
        "start": batch.times[0],
        "deltas": [0, *(after - before for before, after in pairwise(batch.times))],
    }
    return f"{json.dumps(told, ensure_ascii=False, allow_nan=False, separators=_TIGHT)}\n".encode()


def batch_from(text: bytes, *, times: bool = True) -> Batch | None:
    """The batch on a line, or None where the line is none, because it was torn or is of another kind."""
    try:
        found = json.loads(text)
        name, steps, values, deltas = (found[key] for key in ("name", "steps", "values", "deltas"))
        known = list(accumulate(deltas, initial=found["start"]))[1:] if times else []
        whole = len(steps) == len(values) == len(deltas)
        return Batch(str(name), steps, values, known) if whole else None
    except (ValueError, KeyError, TypeError):
        return None


def begins(name: str) -> bytes:
    """How every line of this metric begins, and no other."""
    return _START + json.dumps(clean(name), ensure_ascii=False).encode() + b","


def raw_name(text: bytes) -> bytes:
    """The name on a line as it is spelled there, or b"" on a line that is none; cheaper than reading it."""
    end = text.find(_AFTER_NAME)
    return text[len(_START) : end + 1] if end > 0 and text.startswith(_START) else b""


def name_from(spelled: bytes) -> str:
    """The name that is spelled so."""
    return str(json.loads(spelled))


def number(value: Any) -> Number | None:
    """A value that may stand on a line, or None where it is not finite or no number."""
    if isinstance(value, int) and value in INT64:
        return int(value)
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
