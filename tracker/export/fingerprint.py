"""What a table remembers of itself, so that an edit can be told from a change of the question file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from tracker.export.cells import cell, clean, unguarded
from tracker.export.sheets import Sheet, tree_sheet
from tracker.findings import Finding
from tracker.questions.question import Question

EDITABLE = (
    "name",
    "context",
    "question",
    "finding",
    "priority",
)  # what may be edited and imported
_STEADY = ("string", "array", "object")  # kinds of cells that a spreadsheet gives back as they were
_UNSTEADY = (*EDITABLE, "updated_at", "reproduce")  # it reads dates, and cuts what is long
_SHORT = 4  # characters that stand for a cell nobody may edit


def declared(question: Question) -> dict[str, str]:
    """What a table may change of a question, as its cells show it."""
    return {name: clean(str(getattr(question, name))).strip() for name in EDITABLE}


def fingerprint(text: str) -> str:
    """Eight characters that stand for a text."""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:8]


def fingerprints(finding: Finding, sheet: Sheet, row: Sequence[Any]) -> dict[str, str]:
    """A fingerprint of every text that may be edited, and one of the cells that may not."""
    texts = {column.name: cell(value) for column, value in zip(sheet.columns, row, strict=True)}
    marks = {name: fingerprint(text) for name, text in declared(finding.node.question).items()}
    return {
        **marks,
        "rest": steady_marks({name: clean(unguarded(text)).strip() for name, text in texts.items()}),
    }


def steady_marks(texts: Mapping[str, str]) -> str:
    """Four characters for every cell that nobody may edit and no spreadsheet changes."""
    return "".join(fingerprint(texts.get(name, ""))[:_SHORT] for name in steady_columns())


def steady_columns() -> tuple[str, ...]:
    """The columns that `steady_marks` goes over, in its order."""
    names = (column.name for column in tree_sheet(()).columns if column.kind in _STEADY)
    return tuple(sorted(name for name in names if name not in _UNSTEADY))
