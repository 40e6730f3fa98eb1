"""The table as CSV, for spreadsheets and for pandas."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

from tracker.errors import TrackerError
from tracker.table import Row

_MARK = "\ufeff"  # Excel takes the file for UTF-8 only with this in front
_FORMULA = re.compile(r"'*[=+\-@\t\r]")  # how a formula begins, or a cell that was made safe before
_QUOTED = re.compile(r'[,"\r\n]')


def csv_text(rows: Iterable[Row]) -> str:
    """The table in RFC 4180's format with `\\n`, without the byte order mark.

    Read it back with `pandas.read_csv(path, dtype=str, keep_default_na=False)`: a cell may well say None.
    """
    names = [field.name for field in fields(Row)]
    lines = [names, *([_cell(getattr(row, name)) for name in names] for row in rows)]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def write_csv(rows: Iterable[Row], path: str | Path) -> None:
    """Write the table as UTF-8 with a byte order mark, all or nothing; missing folders are made."""
    path = Path(path)
    content = (_MARK + csv_text(rows)).encode("utf-8", errors="backslashreplace")
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise TrackerError(f"cannot write {path}: {error.strerror}; choose another file or folder") from error


def safe(text: str) -> str:
    """Text that no spreadsheet takes for a formula; dropping one leading ' undoes it."""
    return f"'{text}" if _FORMULA.match(text) else text


def _cell(value: Any) -> str:
    """A value as text: numbers untouched, text made safe, everything else as JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return safe(value)
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _quoted(cell: str) -> str:
    """The csv module would leave a lone carriage return bare, which splits the row for other readers."""
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
