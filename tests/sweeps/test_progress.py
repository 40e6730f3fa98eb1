"""What a sweep says of its jobs."""

from __future__ import annotations

from pathlib import Path

from sweeps.plan import Job
from sweeps.progress import common, last_line, what

JOBS = [
    Job({"experiment": "full", "depth": 8, "lr": lr}, seed, ("python",), ("rate",), "planned")
    for lr in (0.1, 0.2)
    for seed in (1, 2)
]


def test_the_settings_of_all_jobs_are_said_once() -> None:
    assert common(JOBS) == {"experiment": "full", "depth": 8}


def test_a_job_is_named_by_what_sets_it_apart() -> None:
    assert what(JOBS[3], common(JOBS)) == "lr=0.2 seed=2  for rate"


def test_the_last_line_of_a_log_skips_what_is_empty(tmp_path: Path) -> None:
    log = tmp_path / "run.log"
    log.write_text("first\nValueError: no\n\n  \n")

    assert last_line(log) == "ValueError: no"


def test_a_run_that_printed_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "run.log").write_text("")

    assert last_line(tmp_path / "run.log") == "it printed nothing"
