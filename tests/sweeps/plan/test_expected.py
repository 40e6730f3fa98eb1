"""How long a run takes is known from runs like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.planning.expected import in_words, told, total
from tests.sweeps.plan.conftest import LATER, done, plan


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
