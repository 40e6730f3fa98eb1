"""The metrics of a run as one file in the form of Sacred's, without ever holding them all."""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from tracker.journal.cuts import cut_from
from tracker.journal.points import Batch, batch_from, name_from, raw_name

_MILLION = 1_000_000
_BETWEEN = ",\n      "  # two items of a list


def write_metrics(points: Path, file: TextIO) -> None:
    """Writes what json.dump(metrics, file, sort_keys=True, indent=2) would. Raises OSError."""
    with points.open("rb") as lines:
        places = _places(lines)
        file.write("{")
        comma = ""
        for name in sorted(places):
            file.write(f"{comma}\n  {json.dumps(name)}: {{\n")
            _write_metric(lines, places[name], file)
            comma = ","
        file.write("\n}" if places else "}")


def _places(lines: BinaryIO) -> dict[str, array[int]]:
    """Where the lines of each metric begin: eight bytes for each, which is all that is held."""
    spelled: dict[bytes, array[int]] = {}
    place = 0
    for line in lines:
        if line.endswith(b"\n") and (name := raw_name(line)):
            spelled.setdefault(name, array("q")).append(place)
        elif (begin := cut_from(line)) is not None:
            for found in spelled.values():
                del found[bisect_left(found, begin) :]
        place += len(line)
    return {name_from(name): found for name, found in spelled.items() if found}


_COLUMNS: dict[str, Callable[[Batch], Sequence[Any]]] = {
    "steps": lambda batch: batch.steps,
    "timestamps": lambda batch: list(_stamps(batch.times)),
    "values": lambda batch: batch.values,
}


def _write_metric(lines: BinaryIO, places: array[int], file: TextIO) -> None:
    comma = ""
    for column, items in _COLUMNS.items():
        file.write(f'{comma}    "{column}": [')
        between = "\n      "
        for batch in _batches(lines, places):
            file.write(between + json.dumps(items(batch), separators=(_BETWEEN, ": "))[1:-1])
            between = _BETWEEN
        file.write("\n    ]")
        comma = ",\n"
    file.write("\n  }")


def _batches(lines: BinaryIO, places: array[int]) -> Iterator[Batch]:
    for place in places:
        lines.seek(place)
        batch = batch_from(lines.readline())
        if batch is not None and batch.steps:
            yield batch


def _stamps(times: Iterable[int]) -> Iterator[str]:
    """The times as Sacred spells them; most share their second with the one before."""
    known, second = None, ""
    for time in times:
        whole, rest = divmod(time, _MILLION)
        if whole != known:
            known, second = whole, datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        yield f"{second}.{rest:06d}" if rest else second
