"""An exported CSV that somebody has edited, perhaps in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import TrackerError
from tracker.export.cells import clean, unguarded

_DELIMITERS = ",;\t"  # of files that spreadsheets save, by language
_LARGEST = 2**31 - 1  # characters in a cell; the csv module stops at 131,072 of its own accord


@dataclass(frozen=True, slots=True)
class Edited:
    """The rows of a table by node, every cell as the text it stands for."""

    path: Path
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]


def read_edited(path: Path) -> Edited:
    """The table in a file; raises TrackerError where it is none."""
    lines = list(_lines(path, _text(path)))
    header = lines.pop(0) if lines else []
    if "node" not in header:
        raise TrackerError(f"{path} has no column 'node', so it is no table that `tracker export` wrote")
    if len(set(header)) < len(header):
        raise TrackerError(f"{path} has a column twice; each of {', '.join(header)} may stand there once")
    rows: dict[str, Mapping[str, str]] = {}
    for line in lines:
        if len(line) > len(header):
            raise TrackerError(f"{path}: the row '{line[0]}' has more cells than the table has columns")
        row = dict(zip(header, [*map(_meant, line), *[""] * (len(header) - len(line))], strict=True))
        if row["node"] in rows:
            raise TrackerError(f"{path} has the node '{row['node']}' twice; keep one of the rows")
        rows[row["node"]] = row
    return Edited(path, tuple(header), rows)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrackerError(f"{path} is not UTF-8; save it from the spreadsheet as CSV UTF-8") from error
    except OSError as error:
        raise TrackerError(f"cannot read {path}: {error.strerror}; name an exported CSV") from error


def _lines(path: Path, text: str) -> Iterator[list[str]]:
    """The rows that hold something."""
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    before = csv.field_size_limit(_LARGEST)
    try:
        for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if any(line):
                yield line
    except csv.Error as error:
        raise TrackerError(f"{path} is no CSV: {error}; export it anew, or mend the quotes") from error
    finally:
        csv.field_size_limit(before)


def _meant(cell: str) -> str:
    """The text that a cell stands for."""
    return clean(unguarded(cell)).strip()
