"""The tables as CSV, for spreadsheets and for pandas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from tracker.export.cells import cell
from tracker.export.columns import TREE
from tracker.export.files import replace_all
from tracker.export.fingerprint import fingerprints
from tracker.export.schema_file import schema_text
from tracker.export.sheets import Column, Sheet, sheets
from tracker.findings import Finding, walk
from tracker.stores.base import Store

MARK = "\ufeff"  # Excel takes the file for UTF-8 only with this in front
_QUOTED = re.compile(r'[,"\r\n]')


def csv_text(sheet: Sheet) -> str:
    """A table in RFC 4180's format with `\\n`, without the byte order mark.

    Read it back with `pandas.read_csv(path, dtype=str, keep_default_na=False)`: a cell may well say None.
    """
    lines = [
        [column.name for column in sheet.columns],
        *([cell(value) for value in row] for row in sheet.rows),
    ]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


def write_csv(findings: Sequence[Finding], store: Store, out: Path) -> tuple[Path, ...]:
    """Write OUT with the tree, OUT_values and OUT_runs, and the schema of all three: all of them or none."""
    tree, *details = sheets(findings, store.values)
    tables = {out: with_fingerprints(tree, findings)}
    tables |= {out.with_name(f"{out.stem}_{sheet.name}{out.suffix}"): sheet for sheet in details}
    contents = {path: (MARK + csv_text(sheet)).encode() for path, sheet in tables.items()}
    contents[out.with_suffix(".schema.json")] = schema_text(tables).encode()
    replace_all(contents)
    return tuple(contents)


def with_fingerprints(tree: Sheet, findings: Iterable[Finding]) -> Sheet:
    """The tree with a last column by which an import knows what was edited."""
    nodes = (below for finding in findings for below in walk(finding))
    marks = (fingerprints(finding, tree, row) for finding, row in zip(nodes, tree.rows, strict=True))
    marked = tuple((*row, mark) for row, mark in zip(tree.rows, marks, strict=True))
    column = Column("fingerprint", "object", TREE["fingerprint"])
    return replace(tree, columns=(*tree.columns, column), rows=marked)


def _quoted(text: str) -> str:
    """The csv module would leave a lone carriage return bare, which splits the row for other readers."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
