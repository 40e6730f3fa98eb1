"""When a sweep will have ended."""

from __future__ import annotations

from sweeps.views.forecast import Pace, remaining


def test_runs_share_the_places() -> None:
    assert remaining([10.0] * 4, [], places=2) == 20.0


def test_what_runs_now_ends_first() -> None:
    assert remaining([10.0], [3.0, 8.0], places=2) == 13.0


def test_a_run_that_takes_longer_than_expected_may_end_at_any_moment() -> None:
    assert remaining([], [-5.0], places=1) == 0.0


def test_nothing_to_do_takes_no_time() -> None:
    assert remaining([], [], places=0) == 0.0


def test_what_runs_took_corrects_what_was_expected() -> None:
    pace = Pace()
    for seconds, expected in ((20.0, 10.0), (30.0, 10.0), (10.0, 10.0)):
        pace.note(seconds, expected)

    assert pace.of(100.0) == 200.0  # the median run took twice its time
    assert pace.of(None) == 20.0


def test_without_any_run_the_expected_time_counts() -> None:
    assert Pace().of(7.0) == 7.0
    assert Pace().of(None) is None
