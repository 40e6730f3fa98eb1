"""What a table remembers of the question file, so that an edit can be told from a change of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.export.cells import cell, clean
from tracker.export.sheets import Sheet
from tracker.findings import Finding
from tracker.questions.question import Question

EDITABLE = ("name", "context", "question", "finding")  # the columns that may be edited and imported
# No spreadsheet leaves these alone: numbers lose digits, dates and long cells change.
_UNSTEADY = ("updated_at", "reproduce")
_STEADY = ("string", "array", "object")  # kinds of cells that come back as they were written


def declared(question: Question) -> dict[str, str]:
    """The texts of a question that a table may change, as its cells show them."""
    return {name: clean(getattr(question, name)) for name in EDITABLE}


def fingerprint(text: str) -> str:
    """Eight characters that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def fingerprints(finding: Finding, sheet: Sheet, row: Sequence[Any]) -> dict[str, str]:
    """A fingerprint of every text that may be edited, and one of all cells that may not."""
    texts = {column.name: cell(value) for column, value in zip(sheet.columns, row, strict=True)}
    steady = {column.name: texts[column.name] for column in sheet.columns if column.kind in _STEADY}
    marks = {name: fingerprint(text) for name, text in declared(finding.node.question).items()}
    return {**marks, "rest": rest(steady)}


def rest(cells: Mapping[str, str]) -> str:
    """One fingerprint of the cells that no import reads; those that spreadsheets change are left out."""
    left_out = {*EDITABLE, *_UNSTEADY, "fingerprint"}
    kept = sorted((name, text) for name, text in cells.items() if name not in left_out)
    return fingerprint("\0".join(f"{name}={text}" for name, text in kept))
