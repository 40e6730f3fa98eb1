"""What a run is at a moment, how its metrics are reduced."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tracker.errors import TrackerError
from tracker.run import LIVE_FOR, Run, reduced

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def a_run(status: str, **fields: Any) -> Run:
    return Run(id=1, experiment="tiny", status=status, config={}, **fields)


def later(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_a_run_lives_for_three_beats_after_the_last_one() -> None:
    run = a_run("RUNNING", started=later(-1000), heartbeat=NOON)
    assert run.state(later(LIVE_FOR)) == "running"
    assert run.state(later(LIVE_FOR + 0.001)) == "dead"


def test_before_its_first_heartbeat_a_run_lives_from_its_start() -> None:
    run = a_run("RUNNING", started=NOON)
    assert (run.state(later(1)), run.state(later(31))) == ("running", "dead")


def test_a_running_run_without_any_time_is_dead() -> None:
    assert a_run("RUNNING").state(NOON) == "dead"


def test_a_clock_that_is_a_little_ahead_kills_nobody_where_a_far_one_is_no_life() -> None:
    assert a_run("RUNNING", heartbeat=later(LIVE_FOR)).state(NOON) == "running"
    assert a_run("RUNNING", heartbeat=later(3600)).state(NOON) == "dead"


@pytest.mark.parametrize(
    ("info", "uuid"), [({"tracker": {"uuid": "5eed"}}, "5eed"), ({"tracker": {"uuid": 5}}, ""), ({}, "")]
)
def test_the_identity_of_a_run_is_what_its_record_tells(info: dict[str, Any], uuid: str) -> None:
    assert a_run("RUNNING", info=info).uuid == uuid


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("QUEUED", "queued"),
        ("COMPLETED", "done"),
        ("INTERRUPTED", "interrupted"),
        ("FAILED", "failed"),
        ("TIMEOUT", "failed"),
        ("", "failed"),
    ],
)
def test_an_ended_run_keeps_its_state_for_ever(status: str, state: str) -> None:
    assert a_run(status, heartbeat=NOON).state(later(1e9)) == state


@pytest.mark.parametrize("place", [{"step": 7, "layer": "conv1"}, {}])
def test_a_completed_run_that_says_where_it_diverged_is_diverged(place: dict[str, Any]) -> None:
    run = a_run("COMPLETED", info={"tracker": {"diverged": place}})
    assert run.state(NOON) == "diverged"
    assert run.diverged == place


@pytest.mark.parametrize("info", [{}, {"tracker": None}, {"tracker": {"diverged": None}}, {"tracker": 3}])
def test_a_run_that_does_not_say_so_has_not_diverged(info: dict[str, Any]) -> None:
    assert a_run("COMPLETED", info=info).diverged is None


def test_hours_go_to_the_end_or_to_the_last_sign_of_life() -> None:
    assert a_run("COMPLETED", started=NOON, heartbeat=later(1800), stopped=later(3600)).hours == 1.0
    assert a_run("RUNNING", started=NOON, heartbeat=later(1800)).hours == 0.5
    assert a_run("QUEUED").hours == 0.0


def test_hours_of_a_run_that_went_on_are_those_of_its_parts() -> None:
    parts = [
        {"started": NOON.isoformat(), "seconds": 1800.0},
        {"started": later(36_000).isoformat(), "seconds": None},
        {"started": later(72_000).isoformat()},
    ]
    run = a_run("COMPLETED", started=NOON, stopped=later(73_800), info={"tracker": {"parts": parts}})
    assert run.hours == 1.0
    assert len(run.parts) == 3
    odd = a_run(
        "COMPLETED", started=NOON, stopped=later(3600), info={"tracker": {"parts": [{"started": "?"}]}}
    )
    assert odd.hours == 0.0
    assert a_run("COMPLETED", info={"tracker": {"parts": 3, "continues": 4}}).parts == []


def test_a_run_names_the_one_that_it_continues() -> None:
    told = {"run": 7, "uuid": "abc", "after_step": 100}
    assert a_run("COMPLETED", info={"tracker": {"continues": told}}).continues == told
    assert a_run("COMPLETED", info={"tracker": 3}).continues is None


@pytest.mark.parametrize(("reduction", "number"), [("last", 2.0), ("max", 4.0), ("min", 1.0), ("mean", 2.5)])
def test_a_reduction_is_one_number_for_all_points(reduction: str, number: float) -> None:
    assert reduced([3.0, 1.0, 4.0, 2.0], reduction) == number


@pytest.mark.parametrize("point", [math.nan, math.inf, -math.inf])
def test_last_looks_at_the_last_point_alone_where_the_others_look_at_all(point: float) -> None:
    assert reduced([point, 2.0], "last") == 2.0
    assert reduced([2.0, point], "last") is None
    assert [reduced([2.0, point, 3.0], name) for name in ("max", "min", "mean")] == [None, None, None]


def test_no_points_give_no_number() -> None:
    assert reduced([], "mean") is None


def test_a_mean_that_overflows_is_no_number() -> None:
    assert reduced([1e308, 1e308], "mean") is None


def test_an_unknown_reduction_lists_the_known_ones() -> None:
    with pytest.raises(TrackerError, match="'median' is unknown; known are last, max, min, mean"):
        reduced([1.0], "median")
