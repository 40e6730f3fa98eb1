"""Records runs, reads them back, and answers questions about them.

from tracker import answer, load_questions, open_store

findings = answer(load_questions("questions.yaml"), open_store("runs"), datetime.now(UTC))
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracker.commands import command
    from tracker.export.frames import runs_frame, tree_frame, values_frame
    from tracker.findings import Finding, answer, walk
    from tracker.questions import load_questions
    from tracker.run import Run, Series
    from tracker.stores import open_store
    from tracker.table import Row, rows
    from tracker.tree import Cell

__all__ = [
    "Cell",
    "Finding",
    "Row",
    "Run",
    "Series",
    "answer",
    "command",
    "load_questions",
    "open_store",
    "rows",
    "runs_frame",
    "tree_frame",
    "values_frame",
    "walk",
]

_HOME = {
    "Cell": "tree",
    "Finding": "findings",
    "Row": "table",
    "Run": "run",
    "Series": "run",
    "answer": "findings",
    "command": "commands",
    "load_questions": "questions",
    "open_store": "stores",
    "rows": "table",
    "runs_frame": "export.frames",
    "tree_frame": "export.frames",
    "values_frame": "export.frames",
    "walk": "findings",
}


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used, so that recording a run loads nothing that reads runs."""
    if name not in _HOME:
        raise AttributeError(f"module 'tracker' has no attribute '{name}'")
    return getattr(importlib.import_module(f"tracker.{_HOME[name]}"), name)
