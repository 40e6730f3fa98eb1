"""A run as its folder tells it at any moment, from its journal or from stock Sacred's files."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tracker.errors import StoreError
from tracker.journal.cuts import CUT, Span, counted_lines, is_lost, with_places
from tracker.journal.document import NewerJournal, document_from
from tracker.journal.events import events
from tracker.journal.heartbeat import last_beat
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS, id_from
from tracker.journal.points import Batch, Points, batch_from, begins, name_from, raw_name
from tracker.journal.stock import points_from, read_stock, stock_metrics, stock_values

LIMIT = 8 << 20  # bytes of points that are read at once

_ABSENT = (FileNotFoundError, NotADirectoryError)


@dataclass(frozen=True, slots=True)
class Record:
    """A run's document in the shape of MongoObserver's, without its output and its metrics."""

    folder: Path
    id: int | str
    document: dict[str, Any]  # times are aware
    fault: str  # what could not be read, in words
    journaled: bool  # else stock Sacred's files alone tell of the run


def read_record(folder: Path) -> Record | None:
    """The run in a folder; None where there is none, or where it is only just being made."""
    fault, document = "", None
    try:
        document = document_from(events(_content(folder / JOURNAL)))
    except _ABSENT:
        pass
    except NewerJournal as newer:
        fault = f"{newer}"
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return None
        fault = f"{JOURNAL} cannot be read ({error.strerror})"
    if document is None:
        return _stock_record(folder, fault)
    if document["status"] != "QUEUED":
        document["heartbeat"] = last_beat(folder)
    return Record(folder, id_from(folder.name), document, "", True)


def metric_names(folder: Path) -> tuple[str, ...]:
    """The names of the run's metrics, sorted."""
    lines = _lines(folder)
    if lines is None:
        return tuple(sorted(stock_metrics(folder)))
    spelled = set(map(raw_name, lines))
    if b"" in spelled:  # a torn line, or one that takes others out
        spelled = {raw_name(line) for line in _counted(folder)} - {b""}
    return tuple(sorted(map(name_from, spelled)))


def read_points(folder: Path, name: str) -> Points:
    """All points of one metric; none where the run has no such metric, or it cannot be read."""
    batches = _batches(folder, name)
    if batches is None:
        return points_from(stock_metrics(folder).get(name))
    points = Points()
    for batch in batches:
        points.add(batch)
    return points


def read_values(folder: Path, name: str) -> tuple[list[float], float | None]:
    """The values of one metric with its last step, which is cheaper than all its points."""
    found = journaled_values(folder, name)
    return stock_values(stock_metrics(folder).get(name)) if found is None else found


def journaled_values(folder: Path, name: str) -> tuple[list[float], float | None] | None:
    """The same from the journaled points alone; None where that file cannot be opened."""
    batches = _batches(folder, name, times=False)
    if batches is None:
        return None
    values: list[float] = []
    last_step = None
    for batch in batches:
        values.extend(batch.values)
        last_step = batch.steps[-1] if batch.steps else last_step
    return values, last_step


def new_points(
    folder: Path, offset: int, limit_bytes: int = LIMIT, lost: Sequence[Span] = ()
) -> tuple[list[Batch], int]:
    """The points that are journaled after a byte, as far as their lines are whole, with where they end.

    About `limit_bytes` at once, but always a whole line where there is one; none that are `lost`, which may
    leave no points though more come after them. Raises StoreError.
    """
    try:
        with (folder / POINTS).open("rb") as file:
            file.seek(offset)
            lines = [line for line in file.readlines(limit_bytes) if line.endswith(b"\n")]
    except _ABSENT:
        return [], offset
    except OSError as error:
        raise StoreError(f"{folder / POINTS} cannot be read ({error.strerror}): check the disk.") from error
    end = offset + sum(map(len, lines))
    if lost:
        lines = [line for place, line in with_places(lines, offset) if not is_lost(place, lost)]
    found = (batch_from(line) for line in lines)
    return [batch for batch in found if batch is not None], end


def read_output(folder: Path) -> str:
    """What the run printed, "" where nothing is known of it."""
    try:
        return _content(folder / OUTPUT).decode(errors="replace")
    except OSError:
        return ""


def _stock_record(folder: Path, fault: str) -> Record | None:
    stock = read_stock(folder)
    if stock is None:
        return Record(folder, id_from(folder.name), {}, fault, True) if fault else None
    told = "; ".join(filter(None, (fault, stock.fault)))
    return Record(folder, id_from(folder.name), stock.content, told, bool(fault))


def _content(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a store has thousands
            return file.read()
    except ValueError as error:  # a name that no file can have
        raise FileNotFoundError(str(error)) from error


def _batches(folder: Path, name: str, *, times: bool = True) -> Iterator[Batch] | None:
    """The journaled points of one metric, None where a run has no such file."""
    lines, beginning = _lines(folder), begins(name)
    if lines is None:
        return None
    found = [line for line in lines if line.startswith((beginning, CUT))]
    if any(line.startswith(CUT) for line in found):
        found = [line for line in _counted(folder) if line.startswith(beginning)]
    batches = (batch_from(line, times=times) for line in found)
    return (batch for batch in batches if batch is not None)


def _counted(folder: Path) -> Iterator[bytes]:
    """The lines of points that count; none where the file is not there any more."""
    with suppress(OSError):
        for _, line in counted_lines(folder / POINTS):
            yield line


def _lines(folder: Path) -> Iterator[bytes] | None:
    """The whole lines of the journaled points, None where a run has no such file."""
    try:
        file = (folder / POINTS).open("rb")
    except OSError:
        return None
    return _whole(file)


def _whole(file: BinaryIO) -> Iterator[bytes]:
    with file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
