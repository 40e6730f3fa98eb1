"""Once more or not, and when a sweep that only fails stops."""

from __future__ import annotations

import pytest

from sweeps.driving.policy import LOSSES, Attempts, Ending, Limits, alike
from sweeps.exit_codes import CANNOT_START, DONE, FAILED, KILLED, LEASE_LOST, MOVED_ON, STOPPED


def after(*codes: int | None, limits: Limits = Limits(), asked: bool = False) -> bool:  # noqa: B008
    attempts = Attempts()
    for code in codes:
        attempts = attempts.after(code, asked=asked)
    return attempts.may_start(limits)


@pytest.mark.parametrize("code", [FAILED, CANNOT_START])
def test_a_run_that_failed_is_not_started_again(code: int) -> None:
    assert not after(code)


def test_a_run_that_failed_is_started_as_often_as_is_wished() -> None:
    assert after(FAILED, FAILED, limits=Limits(attempts=3))
    assert not after(FAILED, FAILED, FAILED, limits=Limits(attempts=3))


@pytest.mark.parametrize("code", [KILLED, LEASE_LOST, STOPPED, None])
def test_a_run_that_was_lost_is_started_again_a_few_times(code: int | None) -> None:
    assert after(*[code] * (LOSSES - 1))
    assert not after(*[code] * LOSSES)


def test_a_loss_is_no_failure() -> None:
    assert after(KILLED, FAILED, KILLED, limits=Limits(attempts=2))


def test_a_run_that_somebody_stopped_stays_stopped() -> None:
    assert not after(STOPPED, asked=True)


def test_a_run_that_was_elsewhere_may_be_looked_at_for_ever() -> None:
    assert after(*[MOVED_ON] * 10)


def test_runs_that_fail_alike_tell_so() -> None:
    endings = [Ending(FAILED, f"KeyError: 'depth' at 0x7f{number}") for number in range(3)]

    assert alike(endings, total=40) == "KeyError: 'depth' at 0x7f0"


def test_two_failures_of_forty_tell_nothing() -> None:
    assert alike([Ending(FAILED, "no"), Ending(FAILED, "no")], total=40) == ""


def test_two_failures_of_two_tell_enough_and_one_of_one_nothing() -> None:
    assert alike([Ending(FAILED, "no"), Ending(FAILED, "no")], total=2) == "no"
    assert alike([Ending(FAILED, "no")], total=1) == ""


def test_failures_of_several_kinds_are_not_alike() -> None:
    endings = [Ending(FAILED, "no"), Ending(FAILED, "never"), Ending(FAILED, "no")]

    assert alike(endings, total=40) == ""


def test_one_run_that_succeeds_clears_all_others() -> None:
    assert alike([*[Ending(FAILED, "no")] * 5, Ending(DONE)], total=40) == ""


def test_what_was_stopped_or_lost_is_no_failure() -> None:
    assert alike([Ending(STOPPED), Ending(None), Ending(LEASE_LOST)], total=3) == ""


def test_runs_without_a_last_word_can_be_alike() -> None:
    assert alike([Ending(KILLED)] * 3, total=3) == "it printed nothing"
