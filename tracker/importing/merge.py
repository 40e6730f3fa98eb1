"""Three ways in: what a table said, what it says now, and what the question file says now."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tracker.errors import TrackerError
from tracker.export.fingerprint import EDITABLE, declared, fingerprint, steady_columns, steady_marks
from tracker.export.sheets import tree_sheet
from tracker.importing.edited import Edited
from tracker.questions.fields import did_you_mean
from tracker.questions.question import Question, Questions

_LONGEST = 32_767  # characters that a spreadsheet keeps of a cell
_PARKED = "parked"  # what may be written over a status
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})([.,]0*)?")  # a whole number, also as some spreadsheets save it
_CLOSE = 1e-6  # what a spreadsheet's rounding may change of a number, relatively

Row = Mapping[str, str]
Said = str | int | tuple[int, ...]  # a text, a number, True for what is parked, or seeds to be added


@dataclass(frozen=True, slots=True)
class Change:
    """One text or number of one question that is to be another, or that it is parked."""

    node: str
    field: str
    after: Said


def merged(questions: Questions, edited: Edited, base: Edited | None = None) -> tuple[Change, ...]:
    """The texts that were edited in the table.

    What the table said before is told by `base`, else by the row's fingerprint; without either the question
    file counts as what it said. Raises TrackerError for a text that was changed in both places, and for every
    edit that is not of a text.
    """
    known = {question.node: question for question in questions.walk()}
    told = list(_refusals(edited, base, known))
    found = []
    for row in edited.rows.values():
        for name in EDITABLE:
            if name in row and row["node"] in known:
                change = _merge(known[row["node"]], name, row, _before(row, base))
                if isinstance(change, Change):
                    found.append(change)
                elif change:
                    told.append(_conflict(questions, edited, known[row["node"]], name, row))
        if row.get("status") == _PARKED and row["node"] in known and not known[row["node"]].parked:
            found.append(Change(row["node"], _PARKED, True))
    if told:
        raise TrackerError("\n".join([f"nothing was imported from {edited.path}:", *told]))
    return tuple(found)


def _merge(question: Question, name: str, row: Row, marks: Mapping[str, str]) -> Change | bool:
    """The change, False where there is none, True where both sides were changed."""
    theirs, ours = text(row, name), declared(question)[name]
    mark = marks.get(name, fingerprint(ours))
    if theirs == ours or fingerprint(theirs) == mark:
        return False
    return Change(question.node, name, _said(name, theirs)) if fingerprint(ours) == mark else True


def _said(name: str, text: str) -> Said:
    return int(text) if name == "priority" and _WHOLE.fullmatch(text) else text


def text(row: Row, name: str) -> str:
    """What a row says that a human wrote; a computed finding was written by none."""
    if name == "priority" and (whole := _WHOLE.fullmatch(row[name])):
        return str(int(whole[1]))
    if (
        name == "finding"
        and row.get("finding_source") != "human"
        and row[name] == row.get("finding_computed")
    ):
        return ""
    return row[name]


def _before(row: Row, base: Edited | None) -> Mapping[str, str]:
    """The fingerprints of a row's texts before anybody edited them; none where they are not known."""
    if base and row["node"] in base.rows:
        old = base.rows[row["node"]]
        return {name: fingerprint(text(old, name)) for name in EDITABLE if name in old}
    return _marks(row)


def _marks(row: Row) -> Mapping[str, str]:
    try:
        marks = json.loads(row.get("fingerprint") or "{}")
    except ValueError:
        return {}
    return {name: str(mark) for name, mark in marks.items()} if isinstance(marks, dict) else {}


def _conflict(questions: Questions, edited: Edited, question: Question, name: str, row: Row) -> str:
    ours, theirs = declared(question)[name], text(row, name)
    return (
        f"{question.node}.{name} was changed in both: {questions.path}:{question.line} says {ours!r}, "
        f"{edited.path} says {theirs!r}; write one of them into both"
    )


def _refusals(edited: Edited, base: Edited | None, known: Mapping[str, Question]) -> Iterator[str]:
    """What was edited and is no text of a question, a sentence each."""
    columns = {column.name for column in tree_sheet(()).columns} | {"fingerprint"}
    for name in edited.columns:
        if name not in columns:
            yield f"the column '{name}' is none of the table's; take it out"
    for node, row in edited.rows.items():
        if node not in known:
            yield f"there is no question '{node}'{did_you_mean(node, list(known))}"
        else:
            changed = _changed(row, base.rows.get(node) if base else None)
            if not _WHOLE.fullmatch(row.get("priority", "0")):
                yield f"{node}.priority is {row['priority']!r}; write a whole number, such as 2 or 0"
            for name in sorted(set(changed) & columns - _parking(row)):
                yield f"{node}.{name} was edited, and is computed or declared elsewhere; export it anew"


def _parking(row: Row) -> set[str]:
    return {"status"} if row.get("status") == _PARKED else set()


def _changed(row: Row, before: Row | None) -> list[str]:
    """The columns beside the texts whose cells were edited, as far as that can be known."""
    if before is not None:
        fixed = [name for name in row if name not in (*EDITABLE, "fingerprint") and name in before]
        return [name for name in fixed if not _alike(row[name], before[name])]
    marks = _marks(row).get("rest", "")
    if len(marks) != len(steady_marks({})):
        return []
    now = steady_marks(row)
    return [
        name
        for at, name in enumerate(steady_columns())
        if name in row
        and len(row[name]) < _LONGEST
        and now[4 * at : 4 * at + 4] != marks[4 * at : 4 * at + 4]
    ]


def _alike(one: str, other: str) -> bool:
    """Whether two cells say the same, where a spreadsheet may have rounded a number or cut a long text."""
    if one == other or len(one) >= _LONGEST:
        return True
    try:
        return math.isclose(float(one.replace(",", ".")), float(other), rel_tol=_CLOSE, abs_tol=1e-12)
    except ValueError:
        return False
