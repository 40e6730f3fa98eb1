"""Which leases are free, by the clock of whoever looks."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tracker.leases import holder as holders
from tracker.leases.base import LASTS, RENEWED_EVERY, Holder, Lease, Outcome
from tracker.leases.holder import is_gone, is_here, lives_here, this_process
from tracker.leases.watch import Watch

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ELSEWHERE = Holder("elsewhere", os.getpid(), 1, "boot")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease() -> Lease:
    return Lease("a", 1, 0, ELSEWHERE, NOON, NOON)


def looks(watch: Watch, clock: Clock, lease: Lease, seconds: float) -> bool:
    """Look at it every second for so long; whether it is free in the end."""
    for _ in range(int(seconds)):
        clock.now += 1
        watch.free(lease)
    return watch.free(lease)


def test_a_holder_on_another_machine_is_given_up_only_after_a_silence(clock: Clock, lease: Lease) -> None:
    watch = Watch(clock)
    assert not watch.free(lease)
    assert not looks(watch, clock, lease, LASTS - 1)
    assert looks(watch, clock, lease, 1)


def test_a_sign_of_life_begins_the_silence_anew(clock: Clock, lease: Lease) -> None:
    watch = Watch(clock)
    watch.free(lease)
    looks(watch, clock, lease, LASTS - 1)
    assert not looks(watch, clock, replace(lease, beats=1), LASTS - 1)
    assert not looks(watch, clock, replace(lease, generation=2), LASTS - 1)


def test_clocks_of_other_machines_decide_nothing(clock: Clock, lease: Lease) -> None:
    watch = Watch(clock)
    for jump in (timedelta(days=-4000), timedelta(days=4000)):
        assert not watch.free(replace(lease, taken=NOON + jump, renewed=NOON + jump))
    clock.now += RENEWED_EVERY
    assert not watch.free(replace(lease, renewed=NOON - timedelta(days=400), beats=1))


def test_time_in_which_nobody_could_look_is_no_silence(clock: Clock, lease: Lease) -> None:
    watch = Watch(clock)
    watch.free(lease)
    clock.now += 3600  # the store was away, for the holder as well
    assert not watch.free(lease)
    assert not looks(watch, clock, lease, RENEWED_EVERY)


def test_a_settled_lease_is_free(clock: Clock, lease: Lease) -> None:
    settled = replace(lease, outcome=Outcome(0, 1.0, NOON))
    assert Watch(clock).free(settled)
    assert not Watch(clock).alive(settled)


def test_a_holder_elsewhere_is_alive_once_it_was_seen_to_move(clock: Clock, lease: Lease) -> None:
    watch = Watch(clock)
    watch.free(lease)
    assert not watch.alive(lease)
    moved = replace(lease, beats=1)
    watch.free(moved)
    assert watch.alive(moved)
    looks(watch, clock, moved, LASTS - 1)
    assert not watch.alive(moved)


def test_a_process_that_lives_here_holds_its_lease_however_silent_it_is(clock: Clock, lease: Lease) -> None:
    watch, mine = Watch(clock), replace(lease, holder=this_process())
    assert not looks(watch, clock, mine, 10 * LASTS)
    assert watch.alive(mine)


def test_this_process_is_here_and_lives() -> None:
    assert is_here(this_process())
    assert lives_here(this_process())
    assert not is_gone(this_process())


def test_a_number_that_another_process_got_later_is_not_the_holder() -> None:
    assert is_gone(replace(this_process(), started=this_process().started - 1))


def test_nothing_is_known_of_processes_elsewhere_or_before_a_restart() -> None:
    for other in (ELSEWHERE, replace(this_process(), boot="another"), replace(this_process(), host="other")):
        assert not is_here(other)
        assert not is_gone(other)


def test_a_process_whose_entry_is_closed_to_us_may_live(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine where users do not see each other's processes."""
    monkeypatch.setattr(holders, "start_of", lambda *_: None)
    assert not is_gone(this_process())


def test_without_what_linux_tells_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = replace(this_process(), boot="", pid=2**22 + 1)
    monkeypatch.setattr(holders, "_boot", lambda: "")
    assert not is_here(nobody)
    assert not is_gone(nobody)
