"""The tables as a workbook: the tree, its values, its runs, and what the columns mean."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from tracker.errors import TrackerError
from tracker.export.files import replace_all
from tracker.export.page.evidence import checked_omniboard
from tracker.export.sheets import Sheet, sheets
from tracker.export.xlsx_sheet import LONGEST, Look, write_notes, write_sheet
from tracker.findings import Finding
from tracker.stores.base import Store

_ABOUT = (
    "Made by Sacred Grove from recorded runs. One sheet per table: the tree of questions, the values that "
    "each question compares, and the runs behind them.",
    "Rows of the tree are folded with the signs at the left edge, a level at a time.",
    "Lists and settings are JSON. An empty cell means that nothing is known.",
    f"A cell holds at most {LONGEST:,} characters; a longer text ends in …. The sheet runs has every run.",
)


def write_xlsx(
    findings: Sequence[Finding], store: Store, out: Path, omniboard_url: str = ""
) -> tuple[Path, ...]:
    """Write the workbook; with the address of an Omniboard, run ids lead there."""
    content = workbook(findings, sheets(findings, store.values), omniboard_url)
    replace_all({out: content})
    return (out,)


def workbook(findings: Sequence[Finding], tables: Sequence[Sheet], omniboard_url: str = "") -> bytes:
    """The content of the file; the same findings give the same bytes."""
    content, address = io.BytesIO(), checked_omniboard(omniboard_url)
    book = _open(content)
    if findings:
        book.set_properties({"created": findings[0].now.astimezone(UTC).replace(tzinfo=None)})
    look = Look(book, address)
    for table in tables:
        write_sheet(look, table)
    write_notes(look, tables, _ABOUT)
    book.close()
    return content.getvalue()


def _open(content: io.BytesIO) -> Any:
    try:
        from xlsxwriter import Workbook
    except ModuleNotFoundError as error:
        raise TrackerError(
            "a workbook needs XlsxWriter, which is not installed; pip install 'sacred-grove[xlsx]'"
        ) from error
    off = dict.fromkeys(("strings_to_formulas", "strings_to_urls", "strings_to_numbers"), False)
    return Workbook(content, {"in_memory": True, **off})
