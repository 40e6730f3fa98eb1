"""The workbook, read back by another library and by pandas."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from tracker.errors import TrackerError
from tracker.export.cells import as_json, clean
from tracker.export.formats import write
from tracker.export.sheets import sheets
from tracker.export.xlsx_file import workbook
from tracker.export.xlsx_sheet import LONGEST, fit
from tracker.export.xlsx_style import VERDICTS as STYLED
from tracker.questions import VERDICTS

URL = "http://127.0.0.1:9000/sacred"


def read_back(tree: Any, url: str = "") -> Any:
    made = workbook(tree.findings, sheets(tree.findings, tree.store.values), url)
    return load_workbook(io.BytesIO(made))


def column(sheet: Any, name: str) -> list[Any]:
    place = [cell.value for cell in sheet[1]].index(name)
    return [row[place] for row in sheet.iter_rows(min_row=2)]


def test_there_is_a_sheet_per_table_and_one_that_explains_them(tree: Any) -> None:
    book = read_back(tree)
    assert book.sheetnames == ["tree", "values", "runs", "read me"]
    explained = [row[1] for row in book["read me"].iter_rows(values_only=True)]
    for name in book.sheetnames[:3]:
        assert {cell.value for cell in book[name][1]} <= set(explained)


def test_numbers_are_numbers_and_what_is_not_known_is_empty(tree: Any) -> None:
    book = read_back(tree)
    assert [cell.value for cell in column(book["tree"], "delta")] == [None, -11, None]
    assert [cell.value for cell in column(book["values"], "mean")] == [62, 51, 62, None]
    assert {cell.data_type for cell in column(book["runs"], "hours")} == {"n"}
    assert column(book["values"], "baseline")[0].value is True


def test_pandas_reads_the_same_table(tree: Any, tmp_path: Path) -> None:
    write(tree.findings, tree.store, tmp_path / "tree.xlsx")
    table = pandas.read_excel(tmp_path / "tree.xlsx", sheet_name="runs", keep_default_na=False)
    assert list(table["run"]) == [1, 8, 2, 3, 4, 5, 6, 1, 8, 2, 3, 7]
    assert list(table["role"])[:3] == ["answer", "rerun", "answer"]


def test_rows_fold_by_level_and_the_heading_stays(tree: Any) -> None:
    sheet = read_back(tree)["tree"]
    assert [sheet.row_dimensions[row].outlineLevel for row in (2, 3, 4)] == [0, 1, 1]
    assert sheet.sheet_properties.outlinePr.summaryBelow is False
    assert sheet.freeze_panes == "C2"
    assert sheet.column_dimensions["A"].width > 30


def test_the_status_takes_its_words_alone(tree: Any) -> None:
    sheet = read_back(tree)["tree"]
    rule = sheet.data_validations.dataValidation[0]
    assert rule.formula1 == '"planned,running,done,parked"'
    assert column(sheet, "status")[0].coordinate in rule.sqref


def test_a_verdict_has_a_colour_and_a_word(tree: Any) -> None:
    sheet = read_back(tree)["tree"]
    verdicts = [(cell.value, cell.fill.fgColor.rgb) for cell in column(sheet, "verdict")]
    assert verdicts[1] == ("worse", "FFFCE0C4")


def test_runs_lead_to_omniboard_where_it_has_an_address(tree: Any) -> None:
    assert {cell.hyperlink.target for cell in column(read_back(tree, URL)["runs"], "run")} == {URL}
    assert all(cell.hyperlink is None for cell in column(read_back(tree)["runs"], "run"))


def test_an_address_that_is_none_of_an_omniboard_is_refused(tree: Any) -> None:
    with pytest.raises(TrackerError, match="is no address of an Omniboard"):
        read_back(tree, "javascript:alert(1)")


def test_every_verdict_has_a_colour() -> None:
    assert set(STYLED) == set(VERDICTS)


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+1", "-1", "1e5", "1/2", "http://x", "TRUE"])
def test_text_stays_text(text: str, asking: Callable[..., Any], answering: Callable[..., Any]) -> None:
    sheet = read_back(answering([asking(question=text, level=1)], [], {}))["tree"]
    cell = column(sheet, "question")[0]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.hyperlink is None
    assert bool(cell.quotePrefix) == (text[0] in "=+-@")


def test_a_long_cell_is_cut_and_the_runs_are_complete(
    asking: Callable[..., Any], answering: Callable[..., Any], running: Callable[..., Any]
) -> None:
    names = [f"{'r' * 200}-{seed}" for seed in range(400)]
    runs = [running(name, "bn", seed) for seed, name in enumerate(names)]
    asked = asking(level=1, values=("bn",), seeds=tuple(range(400)))
    book = read_back(answering([asked], runs, {run.id: 1.0 for run in runs}))
    cut = column(book["tree"], "run_ids")[0].value
    assert (len(cut), cut[-1]) == (LONGEST, "…")
    assert [cell.value for cell in column(book["runs"], "run")] == names


def test_a_cut_never_halves_a_character() -> None:
    made = fit("😀" * 20_000)
    assert len(made.encode("utf-16-le")) // 2 <= LONGEST
    assert set(made) == {"😀", " ", "…"}


@pytest.mark.unwatched
@settings(max_examples=25, suppress_health_check=[*HealthCheck])
@given(st.data())
def test_every_cell_comes_back(trees: Any, data: st.DataObject) -> None:
    tree = data.draw(trees)
    book = read_back(tree, URL)
    for table in sheets(tree.findings, tree.store.values):
        found = list(book[table.name].iter_rows(min_row=2, values_only=True))
        assert len(found) == len(table.rows)
        for row, cells in zip(table.rows, found, strict=True):
            for value, cell in zip(row, cells, strict=True):
                _equal(value, cell)
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def _equal(value: Any, cell: Any) -> None:
    if value is None or value == "":
        assert cell is None
    elif isinstance(value, bool) or (isinstance(value, int | float) and abs(value) <= 2**53):
        assert cell == pytest.approx(value, rel=1e-14)
    else:
        text = value if isinstance(value, str) else as_json(value)
        assert unescape(cell) == unescape(fit(clean(text)))


def test_the_same_findings_give_the_same_bytes(tree: Any) -> None:
    tables = sheets(tree.findings, tree.store.values)
    assert workbook(tree.findings, tables) == workbook(tree.findings, tables)


def test_without_the_library_the_extra_is_named(
    tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(TrackerError, match=r"^a workbook needs XlsxWriter.*sacred-grove\[xlsx\]'$"):
        write(tree.findings, tree.store, tmp_path / "tree.xlsx")
    assert list(tmp_path.iterdir()) == []
