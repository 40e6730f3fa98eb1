"""The CSV files as spreadsheets and pandas read them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.errors import TrackerError
from tracker.export.cells import cell, clean, unguarded
from tracker.export.csv_file import write_csv
from tracker.export.details import run_rows
from tracker.export.fingerprint import EDITABLE
from tracker.export.sheets import Sheet, sheets

UNSAFE = re.compile(r"[=+\-@\t\r]")
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")
FILES = ["tree.csv", "tree_values.csv", "tree_runs.csv", "tree.schema.json"]


def read_back(path: Path) -> list[dict[str, str]]:
    return pandas.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")


def written(tree: Any, folder: Path) -> Path:
    assert [path.name for path in write_csv(tree.findings, tree.store, folder / "tree.csv")] == FILES
    return folder / "tree.csv"


def test_three_tables_and_their_schema_are_named_after_the_file(tree: Any, tmp_path: Path) -> None:
    written(tree, tmp_path / "a" / "b")
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == sorted(FILES)


def test_the_files_are_utf8_with_a_mark_and_plain_newlines(tree: Any, tmp_path: Path) -> None:
    content = written(tree, tmp_path).read_bytes()
    assert content.startswith(b"\xef\xbb\xbfnode,level,sub_project")
    assert b"\r" not in content
    assert "±".encode() in content


def test_structured_cells_are_json_and_numbers_are_plain(tree: Any, tmp_path: Path) -> None:
    group, settled, _ = read_back(written(tree, tmp_path))
    assert json.loads(settled["values"]) == ["bn", "wn"]
    assert json.loads(settled["setup"]) == {"experiment": "full", "depth": 20}
    assert (settled["delta"], settled["skill_mean"], group["delta"]) == ("-11.0", "62.0", "")
    assert set(json.loads(settled["fingerprint"])) == {*EDITABLE, "rest"}


def test_every_value_has_a_row_with_its_numbers(tree: Any, tmp_path: Path) -> None:
    written(tree, tmp_path)
    found = read_back(tmp_path / "tree_values.csv")
    assert [(row["node"], row["value"]) for row in found] == [
        ("bn/norm", "bn"),
        ("bn/norm", "wn"),
        ("bn/open", "bn"),
        ("bn/open", "none"),
    ]
    bn, wn, _, none = found
    assert (bn["n"], bn["mean"], bn["sd"], bn["baseline"]) == ("3", "62.0", "2.0", "true")
    assert (wn["delta"], wn["verdict"], wn["seeds"], wn["run_ids"]) == (
        "-11.0",
        "worse",
        "[1, 2, 3]",
        "[4, 5, 6]",
    )
    assert (none["n"], none["mean"], none["verdict"]) == ("0", "", "")


def test_every_run_has_a_row_with_its_part(tree: Any, tmp_path: Path) -> None:
    written(tree, tmp_path)
    found = read_back(tmp_path / "tree_runs.csv")
    settled = {row["run"]: row for row in found if row["node"] == "bn/norm"}
    assert list(settled) == ["1", "8", "2", "3", "4", "5", "6"]
    assert (settled["1"]["role"], settled["1"]["metric_value"], settled["1"]["commit"]) == (
        "answer",
        "60.0",
        "abc123",
    )
    assert (settled["8"]["role"], settled["8"]["metric_value"]) == ("rerun", "59.0")
    failed = next(row for row in found if row["run"] == "7")
    assert (failed["role"], failed["state"], failed["metric_value"]) == ("", "failed", "")


def test_runs_that_diverged_or_were_not_chosen_are_told_apart(
    asking: Any, answering: Any, running: Any
) -> None:
    tuned = {"values": ("bn",), "seeds": (1,), "nuisance": {"lr": (0.1, 0.3)}, "select_by": "val.accuracy"}
    config = {"depth": 20, "norm": "bn", "seed": 1}
    lost = {"tracker": {"diverged": {"step": 3, "layer": "x"}}}
    runs = [
        running(1, "bn", 1, config={**config, "lr": 0.1}),
        running(2, "bn", 1, config={**config, "lr": 0.3}),
    ]
    runs[1] = replace(runs[1], info=lost)
    found = answering([asking(level=1, **tuned)], runs, {1: 60.0, 2: 61.0})
    assert [(row.run, row.role) for row in run_rows(found.findings)] == [(1, "answer"), (2, "diverged")]
    both = answering([asking(level=1, **tuned)], [runs[0], replace(runs[1], info={})], {1: 60.0, 2: 61.0})
    assert sorted(row.role for row in run_rows(both.findings)) == ["answer", "other setting"]
    none = answering([asking(level=1, values=("bn",), seeds=(1,))], [running(1, "bn", 1)], {})
    assert [row.role for row in run_rows(none.findings)] == ["no number"]


def test_the_schema_describes_every_column_of_every_file(tree: Any, tmp_path: Path) -> None:
    written(tree, tmp_path)
    package = json.loads((tmp_path / "tree.schema.json").read_text())
    for resource in package["resources"]:
        columns = list(pandas.read_csv(tmp_path / resource["path"], dtype=str).columns)
        assert [field["name"] for field in resource["schema"]["fields"]] == columns
        assert all(field["description"] for field in resource["schema"]["fields"])
        assert resource["schema"]["missingValues"] == [""]


CHECKS = {
    "string": lambda _: True,
    "any": lambda _: True,
    "integer": lambda text: re.fullmatch(r"-?\d+", text),
    "number": lambda text: NUMBER.fullmatch(text),
    "boolean": lambda text: text in ("true", "false"),
    "array": lambda text: isinstance(json.loads(text), list),
    "object": lambda text: isinstance(json.loads(text), dict),
}
QUICK = settings(max_examples=40, suppress_health_check=[*HealthCheck])


@QUICK
@given(st.data())
def test_every_cell_has_the_type_that_the_schema_says(
    trees: Any, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("csv")
    written(data.draw(trees), folder)
    for resource in json.loads((folder / "tree.schema.json").read_text())["resources"]:
        kinds = {field["name"]: field["type"] for field in resource["schema"]["fields"]}
        for row in read_back(folder / resource["path"]):
            assert all(text == "" or CHECKS[kinds[name]](text) for name, text in row.items())


@QUICK
@given(st.data())
def test_pandas_reads_back_every_cell_and_writes_the_same_file(
    trees: Any, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder, tree = tmp_path_factory.mktemp("csv"), data.draw(trees)
    written(tree, folder)
    for name, sheet in zip(FILES, sheets(tree.findings, tree.store.values), strict=False):
        found = read_back(folder / name)
        assert len(found) == len(sheet.rows)
        for row, cells in zip(sheet.rows, found, strict=True):
            _equal(sheet, row, cells)
        again = pandas.read_csv(folder / name, dtype=str, keep_default_na=False)
        again.to_csv(folder / "again.csv", index=False, encoding="utf-8-sig", lineterminator="\n")
        assert (folder / "again.csv").read_bytes() == (folder / name).read_bytes()


def _equal(sheet: Sheet, row: tuple[Any, ...], cells: dict[str, str]) -> None:
    for column, value in zip(sheet.columns, row, strict=True):
        text = cells[column.name]
        if isinstance(value, str):
            assert unguarded(text) == clean(value)
        elif isinstance(value, float):
            assert float(text) == value
        else:
            assert text == cell(value)
        assert not UNSAFE.match(text) or NUMBER.fullmatch(text)


def test_files_are_replaced_as_a_whole(tree: Any, tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("x" * 100_000)
    assert len(read_back(written(tree, tmp_path))) == 3


@pytest.mark.parametrize("blocked", FILES)
def test_when_one_file_cannot_be_written_none_is(tree: Any, tmp_path: Path, blocked: str) -> None:
    others = [tmp_path / name for name in FILES if name != blocked]
    for path in others:
        path.write_text("before")
    (tmp_path / blocked).mkdir()
    with pytest.raises(TrackerError, match=rf"cannot write .*{blocked}.*choose another file"):
        write_csv(tree.findings, tree.store, tmp_path / "tree.csv")
    assert all(path.read_text() == "before" for path in others)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)


def test_what_was_replaced_comes_back_when_a_later_file_cannot_be(
    tree: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree.csv").write_text("before")
    really = Path.replace

    def full(draft: Path, place: Path) -> Path:
        if place.name == "tree_runs.csv":
            raise OSError(28, "No space left on device")
        return really(draft, place)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrackerError, match=r"cannot write .*tree_runs.csv: No space left"):
        write_csv(tree.findings, tree.store, tmp_path / "tree.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["tree.csv"]
    assert (tmp_path / "tree.csv").read_text() == "before"


def test_a_place_inside_a_file_is_refused(tree: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackerError, match=r"cannot write .*choose another file"):
        write_csv(tree.findings, tree.store, tmp_path / "file" / "tree.csv")


OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
# parted by commas, quoted by ", UTF-8, from line 1 on, all columns guessed, quoted cells as text
FILTER = "CSV:44,34,76,1,,0,true,false,false"


@pytest.mark.skipif(OFFICE is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_and_writes_the_same_cells(tree: Any, tmp_path: Path) -> None:
    path = written(tree, tmp_path)
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    words = [str(OFFICE), home, "--headless", f"--infilter={FILTER}", "--convert-to", "ods"]
    subprocess.run([*words, "--outdir", str(tmp_path), str(path)], check=True, timeout=240)
    back = [str(OFFICE), home, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1"]
    subprocess.run(
        [*back, "--outdir", str(tmp_path / "back"), str(tmp_path / "tree.ods")], check=True, timeout=240
    )
    for before, after in zip(read_back(path), read_back(tmp_path / "back/tree.csv"), strict=True):
        for name, text in before.items():
            same = NUMBER.fullmatch(text) and float(after[name]) == pytest.approx(float(text), rel=1e-6)
            assert after[name] == text or same, name
