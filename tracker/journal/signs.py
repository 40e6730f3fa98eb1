"""When a run that goes told something: its points, its output, its facts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from tracker.journal.events import events
from tracker.journal.layout import JOURNAL, METRICS, OUTPUT, POINTS
from tracker.journal.moments import from_microseconds, utc
from tracker.journal.points import batch_from
from tracker.journal.stock import points_from, stock_metrics

TAIL = 1 << 16  # bytes at the end of a file that are looked at; a run may have millions of points


def point_times(folder: Path) -> tuple[datetime, ...]:
    """The times of the latest points, in no order: the first and the last one of each line of the journal."""
    if (folder / POINTS).exists():
        return tuple(_journaled(folder))
    parts = stock_metrics(folder).values() if (folder / METRICS).exists() else ()
    return tuple(from_microseconds(time) for part in parts for time in points_from(part).times)


def other_times(folder: Path) -> tuple[datetime, ...]:
    """The times of the latest events, and when the output grew last."""
    told = (utc(event.get("time")) for event in events(_tail(folder / JOURNAL)))
    return tuple(moment for moment in (*told, _touched(folder / OUTPUT)) if moment)


def _journaled(folder: Path) -> Iterator[datetime]:
    for text in _tail(folder / POINTS).splitlines():
        batch = batch_from(text)
        if batch and batch.times:
            yield from map(from_microseconds, {batch.times[0], batch.times[-1]})


def _tail(path: Path) -> bytes:
    """The end of a file, b"" where it cannot be read; what it begins with may be torn."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read()
    except OSError:
        return b""


def _touched(path: Path) -> datetime | None:
    """The time of the last change of a file that is not empty."""
    try:
        seen = path.stat()
    except OSError:
        return None
    return datetime.fromtimestamp(seen.st_mtime, UTC) if seen.st_size else None
