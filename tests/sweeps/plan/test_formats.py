"""A plan as CSV, JSON and table."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from rich.console import Console

from sweeps.planning.expected import total
from sweeps.planning.formats import as_csv, as_json, write_csv
from sweeps.planning.table import show
from tests.sweeps.plan.conftest import done, plan
from tests.sweeps.stored import store_job
from tracker.export.csv_file import MARK


def test_the_csv_has_a_row_for_each_run_and_no_cell_that_a_spreadsheet_would_run(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[0], {}, status="FAILED", fail_trace=["=cmd|' /C calc'!A0\n"])
    made = plan(folder)
    rows = list(csv.DictReader(io.StringIO(as_csv(made))))
    assert [row["key"] for row in rows] == [job.key for job in made.jobs]
    assert rows[0]["state"] == "failed"
    assert rows[0]["command"] == "python toy.py with act=succeed x=1 seed=1"
    assert rows[0]["expected_seconds"] == ""
    assert not any(value[:1] in "=+-@\t" for row in rows for value in row.values() if value)


def test_the_csv_for_a_spreadsheet_carries_its_mark(folder: Path) -> None:
    write_csv(plan(folder), folder / "sub" / "missing.csv")
    assert (folder / "sub" / "missing.csv").read_text(encoding="utf-8").startswith(f"{MARK}order,node,value,")


def test_the_json_holds_the_whole_plan(folder: Path) -> None:
    done(folder, {"x": 1, "seed": 1}, 60)
    made = plan(folder)
    document = json.loads(as_json(made, total(made.jobs, 3)))
    assert document["states"] == {"done": 1, "planned": 9}
    assert document["nodes"]["first"] == {"done": 1, "planned": 5}
    assert document["workers"] == 3
    assert document["expected_seconds"] == 180
    first = document["jobs"][0]
    assert (first["node"], first["value"], first["seed"], first["why"]) == ("first", 2, 1, "no run yet")
    assert first["settings"] == {"experiment": "toy", "act": "succeed", "x": 2}
    assert (first["expected_runs"], first["expected_like"]) == (1, "1 of 2 settings the same")


def test_the_table_shows_values_seeds_reasons_and_times(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[0], {"test.accuracy": 1.0}, seconds=60)
    store_job(folder / "runs", jobs[1], {}, status="FAILED", fail_trace=["boom\n"])
    console = Console(file=io.StringIO(), width=150)
    show(plan(folder), console)
    assert isinstance(console.file, io.StringIO)
    lines = [" ".join(line.split()) for line in console.file.getvalue().splitlines()]
    assert "value 1 2 to start each takes why" in lines
    assert "1 ● ○ 1 60 s, 1 run with the same settings no run yet" in lines
    assert any(
        line.startswith("2 × ○ 2 60 s") and "1: the last one failed on box: boom" in line for line in lines
    )
    assert "● done, … running, ○ planned, × failed" in lines
