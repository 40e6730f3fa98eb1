"""What is missing, why, in which order, and how long it will take."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sweeps.planning.expected import in_words, told, total
from sweeps.planning.formats import as_csv, as_json, write_csv
from sweeps.planning.job import job_key, seeds_together
from sweeps.planning.plan import Plan, make_plan
from sweeps.planning.table import show
from tests.sweeps.stored import NOON, store_job, store_run
from tracker.export.csv_file import MARK

LATER = NOON + timedelta(days=1)
FILE = """
version: 1
metric: {{name: test.accuracy}}
defaults: {{experiment: toy, launch: python toy.py, seeds: [1, 2], setup: {{act: succeed}}}}
tree:
  - {{id: first, question: "Does x matter?", parameter: x, values: [1, 2, 3], baseline: 1 {first}}}
  - {{id: second, question: "And y?", parameter: y, values: [1, 2], baseline: 1, setup: {{x: 1}} {second}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def plan(folder: Path, first: str = "", second: str = "", **how: Any) -> Plan:
    path = folder / "q.yaml"
    path.write_text(FILE.format(first=first, second=second))
    return make_plan(path, str(folder / "runs"), LATER, **how)


def done(folder: Path, config: dict[str, Any], seconds: float = 60.0, **how: Any) -> None:
    store_run(folder / "runs", {"act": "succeed", **config}, {"test.accuracy": 1.0}, seconds=seconds, **how)


def order(made: Plan) -> list[tuple[Any, ...]]:
    return [(job.nodes[0], *job.values.values(), job.seed) for job in made.jobs]


def whys(made: Plan) -> dict[tuple[Any, int], str]:
    return {(job.settings["x"], job.seed): job.why for job in made.jobs if job.nodes == ("first",)}


# ---------------------------------------------------------------------------------------------------
# The key


def test_a_key_is_the_same_for_settings_that_mean_the_same() -> None:
    assert job_key({"lr": 1, "dims": [1, 2]}, 3) == job_key({"dims": (1, 2.0), "lr": 1.0}, 3)
    assert len(job_key({}, 0)) == 16


@pytest.mark.parametrize(
    "other",
    [({"lr": 1.5}, 3), ({"lr": 1}, 4), ({"lr": "1"}, 3), ({"lr": True}, 3), ({"lr": 1, "a": None}, 3)],
)
def test_a_key_is_another_for_every_other_run(other: tuple[dict[str, Any], int]) -> None:
    assert job_key({"lr": 1}, 3) != job_key(*other)


# ---------------------------------------------------------------------------------------------------
# Order and reasons


def test_every_value_gets_its_first_seed_before_any_its_second(folder: Path) -> None:
    assert order(plan(folder)) == [
        ("first", 1, 1), ("first", 2, 1), ("first", 3, 1), ("first", 1, 2), ("first", 2, 2), ("first", 3, 2),
        ("second", 1, 1), ("second", 2, 1), ("second", 1, 2), ("second", 2, 2),
    ]  # fmt: skip


def test_priority_goes_before_the_order_of_the_file(folder: Path) -> None:
    assert order(plan(folder, second=", priority: 1"))[:4] == [
        ("second", 1, 1), ("second", 2, 1), ("second", 1, 2), ("second", 2, 2),
    ]  # fmt: skip


def test_seeds_that_are_to_be_together_follow_the_first_of_their_setting(folder: Path) -> None:
    made = plan(folder, second=", priority: 1")
    together = replace(made, jobs=seeds_together(made.jobs))
    assert order(together) == [
        *[("second", y, seed) for y in (1, 2) for seed in (1, 2)],
        *[("first", x, seed) for x in (1, 2, 3) for seed in (1, 2)],
    ]


def test_the_first_looks_of_all_questions_go_before_the_second_of_any(folder: Path) -> None:
    looks = ", seeds: [1, 2, 3, 4], looks: [3, 4]"
    for seed in (1, 2, 3):
        for x in (1, 2, 3):
            number = float(seed % 2)
            store_run(folder / "runs", {"act": "succeed", "x": x, "seed": seed}, {"test.accuracy": number})
    made = plan(folder, looks, looks)
    assert [node for node, *_ in order(made)] == ["second"] * 6 + ["first"] * 3
    assert made.jobs[0].why == "no run yet; for the look at 3 seeds"
    assert made.jobs[-1].why == "no run yet; for the look at 4 seeds"


def test_the_reason_tells_what_became_of_the_last_run(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[0], {}, status="FAILED", fail_trace=["...\n", "ValueError: too hot\n"])
    store_job(folder / "runs", jobs[1], {}, status="RUNNING")
    store_job(folder / "runs", jobs[2], {}, status="INTERRUPTED")
    assert whys(plan(folder)) == {
        (1, 1): "the last one failed on box: ValueError: too hot",
        (2, 1): "the last one died on box",
        (3, 1): "the last one was interrupted on box",
        (1, 2): "no run yet",
        (2, 2): "no run yet",
        (3, 2): "no run yet",
    }


def test_failed_runs_alone_can_be_planned(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[3], {}, status="FAILED")
    assert [job.key for job in plan(folder, failed_only=True).jobs] == [jobs[3].key]


def test_a_run_that_several_questions_need_is_one_job_of_the_higher_priority(folder: Path) -> None:
    shared = "parameter: x, values: [1, 2], baseline: 1, priority: 3, setup: {act: succeed}"
    path = folder / "q.yaml"
    path.write_text(FILE.format(first="", second="") + f'  - {{id: third, question: "?", {shared}}}\n')
    made = make_plan(path, str(folder / "runs"), LATER)
    assert len(made.jobs) == 10
    assert [job.nodes for job in made.jobs[:4]] == [("first", "third")] * 4
    assert {job.priority for job in made.jobs[:4]} == {3}


# ---------------------------------------------------------------------------------------------------
# Expected time


def test_without_runs_the_time_is_unknown(folder: Path) -> None:
    made = plan(folder)
    assert {job.expected.seconds for job in made.jobs} == {None}
    assert told(total(made.jobs, 2), LATER).startswith("expected time: unknown")


def test_runs_with_the_same_settings_tell_the_time(folder: Path) -> None:
    done(folder, {"x": 1, "seed": 7}, 100)
    done(folder, {"x": 1, "seed": 8}, 300)
    done(folder, {"x": 1, "seed": 9}, 110)
    done(folder, {"x": 2, "seed": 9}, 9000)
    expected = next(job.expected for job in plan(folder).jobs if job.values == {"first": 1})
    assert (expected.seconds, expected.low, expected.high, expected.runs) == (110, 100, 300, 3)
    assert expected.like == "the same settings"


def test_else_the_nearest_runs_of_the_experiment_tell_it_and_the_plan_says_so(folder: Path) -> None:
    done(folder, {"x": 5, "seed": 1}, 50)
    done(folder, {"x": 5, "act": "nap", "seed": 1}, 5000)
    expected = plan(folder).jobs[0].expected
    assert (expected.seconds, expected.runs, expected.like) == (50, 1, "1 of 2 settings the same")


def test_failed_runs_and_those_of_other_experiments_tell_nothing(folder: Path) -> None:
    done(folder, {"x": 1, "seed": 7}, 1, status="FAILED")
    done(folder, {"x": 1, "seed": 7}, 1, experiment={"name": "other"})
    assert plan(folder).jobs[0].expected.seconds is None


def test_the_time_of_all_is_that_of_so_many_at_a_time(folder: Path) -> None:
    for x in (1, 2, 3):
        done(folder, {"x": x, "seed": 7}, 60)
    jobs = [job for job in plan(folder).jobs if job.nodes == ("first",)]
    assert [total(jobs, workers).seconds for workers in (1, 2, 4, 9)] == [360, 180, 120, 60]
    sentence = told(total(jobs, 2), LATER)
    assert sentence.startswith("expected time: 3 min, 2 at a time, each as 1 run like it; started now")


def test_the_time_says_for_how_many_it_is_unknown(folder: Path) -> None:
    unknown = plan(folder).jobs
    done(folder, {"x": 1, "seed": 7}, 60)
    known = plan(folder).jobs
    sentence = told(total([*known[:2], *unknown[:1]], 1), LATER)
    assert "for 2 of 3 runs" in sentence
    assert "unknown for the others" in sentence


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.01, "under 0.1 s"),
        (9.94, "9.9 s"),
        (59.6, "60 s"),
        (600, "10 min"),
        (3570, "1 h"),
        (7800, "2 h 10 min"),
        (172_800, "2 d"),
        (270_000, "3 d 3 h"),
    ],
)
def test_a_time_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


# ---------------------------------------------------------------------------------------------------
# Formats


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
