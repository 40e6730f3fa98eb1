"""One sheet of a workbook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.export.cells import as_json, clean, guarded, number
from tracker.export.sheets import Column, Sheet
from tracker.export.xlsx_style import STATES, STATUSES, VERDICTS, WIDTHS, WRAPPED

LONGEST = 32_767  # characters that Excel takes in a cell, in units of UTF-16
_CUT = " …"
_EXACT = 2**53  # a whole number beyond it would lose digits
_DEEPEST = 7  # levels of outline that Excel has
_MOST_LINKS = 65_000  # Excel takes 65,530 on a sheet


class Look:
    """The formats of one workbook, each made once."""

    def __init__(self, book: Any, omniboard_url: str) -> None:
        self.book = book
        self.omniboard_url = omniboard_url
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def __call__(self, **properties: Any) -> Any:
        """The format with these properties; text is at the top of its cell."""
        key = tuple(sorted(properties.items()))
        if key not in self._made:
            self._made[key] = self.book.add_format({"valign": "top", **properties})
        return self._made[key]


def write_sheet(look: Look, table: Sheet) -> None:
    """Add a sheet with a frozen heading, real numbers, and a fold for every level."""
    sheet = look.book.add_worksheet(table.name)
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.name, look(bold=True, bottom=1))
        sheet.write_comment(0, place, column.about or column.name)
        sheet.set_column(place, place, WIDTHS.get(column.name, len(column.name) + 3))
    for at, row in enumerate(table.rows, start=1):
        for place, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write(look, sheet, at, place, column, value)
    sheet.freeze_panes(1, 2 if table.name == "tree" else 1)
    sheet.autofilter(0, 0, max(1, len(table.rows)), len(table.columns) - 1)
    if table.name == "tree":
        _outline(sheet, table)
        _validate(sheet, table)


def write_notes(look: Look, tables: Sequence[Sheet], lines: Sequence[str]) -> None:
    """Add a sheet that says what the columns mean."""
    sheet = look.book.add_worksheet("read me")
    sheet.set_column(0, 0, 12)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 100)
    told: list[tuple[str, str, str]] = [("", "", line) for line in lines]
    for table in tables:
        told += [("", "", ""), (table.name, "", table.about)]
        told += [("", column.name, column.about) for column in table.columns]
    for at, words in enumerate(told):
        for place, word in enumerate(words):
            bold = {"bold": True} if words[0] else {}
            sheet.write_string(at, place, word, look(text_wrap=True, **bold))


def fit(text: str) -> str:
    """Text as a cell can hold it, cut where it is too long."""
    text = clean(text)
    if len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    kept = text.encode("utf-16-le")[: 2 * (LONGEST - len(_CUT))]
    return kept.decode("utf-16-le", errors="ignore") + _CUT


def _write(look: Look, sheet: Any, at: int, place: int, column: Column, value: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        sheet.write_boolean(at, place, value, look())
    elif isinstance(value, int | float) and not _is_too_large(value):
        _write_number(look, sheet, at, place, column, value)
    else:
        _write_text(look, sheet, at, place, column, value)


def _write_number(look: Look, sheet: Any, at: int, place: int, column: Column, value: float) -> None:
    if column.name == "run" and look.omniboard_url and at < _MOST_LINKS:
        blue = look(font_color="#0B5394", underline=1, align="right")
        sheet.write_url(at, place, look.omniboard_url, blue, tip=f"find run {value} in Omniboard")
        sheet.write_number(at, place, value, blue)
    elif number(value) is not None:
        sheet.write_number(at, place, value, look())


def _write_text(look: Look, sheet: Any, at: int, place: int, column: Column, value: Any) -> None:
    text = fit(value if isinstance(value, str) else as_json(value))
    shape: dict[str, Any] = {"text_wrap": True} if column.name in WRAPPED else {}
    if guarded(text) != text:
        shape["quote_prefix"] = True  # so that it stays text when somebody edits the cell
    colours = {"verdict": VERDICTS, "state": STATES}.get(column.name, {})
    if text in colours:
        shape["bg_color"] = colours[text]
    sheet.write_string(at, place, text, look(**shape))


def _is_too_large(value: float) -> bool:
    return isinstance(value, int) and abs(value) > _EXACT


def _outline(sheet: Any, table: Sheet) -> None:
    level = table.place("level")
    sheet.outline_settings(True, False, True, False)  # the sign to fold stands above what it folds
    for at, row in enumerate(table.rows, start=1):
        sheet.set_row(at, None, None, {"level": min(row[level] - 1, _DEEPEST)})


def _validate(sheet: Any, table: Sheet) -> None:
    place = table.place("status")
    rule = {
        "validate": "list",
        "source": list(STATUSES),
        "error_title": "status",
        "error_message": f"The status is {', '.join(STATUSES[:-1])} or {STATUSES[-1]}.",
    }
    sheet.data_validation(1, place, max(1, len(table.rows)), place, rule)
