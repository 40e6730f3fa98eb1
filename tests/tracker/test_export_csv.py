"""The CSV as spreadsheets and pandas read it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import TrackerError
from tracker.export.csv_file import csv_text, safe, write_csv
from tracker.table import Row

UNSAFE = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def a_row(**given: Any) -> Row:
    plain = {field.name: "" for field in fields(Row)}
    numbers = ("skill_mean", "skill_sd", "skill_ci_low", "skill_ci_high", "delta", "delta_ci_low")
    plain |= dict.fromkeys((*numbers, "delta_ci_high", "p_adj"))
    plain |= {"node": "q", "level": 1, "setup": {}, "values": (), "run_ids": (), "order": 1, "schema": 1}
    return Row(**{**plain, **given})


def read_back(path: Path) -> list[dict[str, str]]:
    return pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def test_the_file_is_utf8_with_a_mark_and_plain_newlines(tmp_path: Path) -> None:
    write_csv([a_row(name="Größe")], tmp_path / "tree.csv")
    content = (tmp_path / "tree.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfnode,level,sub_project")
    assert b"\r" not in content
    assert content.count(b"\n") == 2
    assert "Größe".encode() in content


def test_structured_cells_are_json_and_numbers_are_plain() -> None:
    row = a_row(
        values=(4, "none", None), setup={"lr": 0.1, "µ": True}, delta=-23.8, p_adj=1e-9, run_ids=(1, "x")
    )
    cells = pandas.read_csv(io.StringIO(csv_text([row])), dtype=str, keep_default_na=False).iloc[0]
    assert json.loads(cells["values"]) == [4, "none", None]
    assert json.loads(cells["setup"]) == {"lr": 0.1, "µ": True}
    assert json.loads(cells["run_ids"]) == [1, "x"]
    assert (cells["delta"], cells["p_adj"], cells["skill_mean"]) == ("-23.8", "1e-09", "")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "'=x", "''-"])
def test_text_that_a_spreadsheet_would_run_gets_a_quote(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=b", "'", "'a", "1-2", " =x"])
def test_other_text_is_left_alone(text: str) -> None:
    assert safe(text) == text


@given(st.text())
def test_a_safe_cell_can_be_undone(text: str) -> None:
    made = safe(text)
    assert re.sub(r"^'(?='*[=+\-@\t\r])", "", made) == text
    assert not UNSAFE.match(made)


HOSTILE = st.text(
    st.sampled_from(list("=+-@\t\r\n\"',; aNé\u2028\ufeff\x1b"))
    | st.characters(codec="utf-8", exclude_characters="\0"),
    max_size=12,
) | st.sampled_from(["None", "NA", "nan", "null", "1.10", "TRUE", '"', '""', "\r\n", "a\rb", "'", "#N/A"])


@st.composite
def hostile_rows(draw: st.DrawFn) -> list[Row]:
    texts = [field.name for field in fields(Row) if field.type == "str"]
    numbers = [field.name for field in fields(Row) if field.type == "float | None"]
    found = []
    for order in range(draw(st.integers(1, 3))):
        row = a_row(**{name: draw(HOSTILE) for name in draw(st.sets(st.sampled_from(texts)))}, order=order)
        floats = st.none() | st.floats(allow_nan=False, allow_infinity=False)
        row = replace(row, **{name: draw(floats) for name in numbers})
        values = tuple(draw(st.lists(HOSTILE | st.none() | st.integers(), max_size=3)))
        found.append(replace(row, values=values, best_value=draw(HOSTILE | st.integers())))
    return found


@given(hostile_rows())
def test_pandas_reads_back_every_cell(tmp_path_factory: pytest.TempPathFactory, rows: list[Row]) -> None:
    path = tmp_path_factory.mktemp("csv") / "tree.csv"
    write_csv(rows, path)
    for row, cells in zip(rows, read_back(path), strict=True):
        assert list(cells) == [field.name for field in fields(Row)]
        for name, cell in cells.items():
            value = getattr(row, name)
            if isinstance(value, str):
                assert cell == safe(value)
            elif isinstance(value, tuple | dict):
                assert json.loads(cell) == (list(value) if isinstance(value, tuple) else value)
            else:
                assert cell == "" if value is None else type(value)(cell) == value
            assert not UNSAFE.match(cell) or NUMBER.fullmatch(cell)


def test_half_characters_do_not_stop_the_export(tmp_path: Path) -> None:
    write_csv([a_row(name="\ud800")], tmp_path / "tree.csv")
    assert read_back(tmp_path / "tree.csv")[0]["name"] == "\\ud800"


def test_missing_folders_are_made_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_csv([a_row()], tmp_path / "a" / "b" / "tree.csv")
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == ["tree.csv"]


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "tree.csv"
    path.write_text("x" * 100_000)
    write_csv([a_row()], path)
    assert len(read_back(path)) == 1


@pytest.mark.parametrize("place", ["folder", "file/tree.csv"])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackerError, match=r"cannot write .*choose another file"):
        write_csv([a_row()], tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
