"""Which runs a job may start once more when Slurm has started it again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sweeps.engines.slurm_again import freed
from sweeps.exit_codes import DONE, FAILED, KILLED, MOVED_ON, STOPPED
from tracker.leases import open_leases
from tracker.leases.base import Lease, Leases, Outcome
from tracker.leases.holder import this_process

MINE = {"launcher": "launcher-1", "attempt": 2}
COMMAND = (
    "python",
    "-m",
    "sweeps.runner",
    "--key",
    "k",
    "--seen",
    "none",
    "--details",
    json.dumps(MINE),
    "--",
    "x",
)


@pytest.fixture
def leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Leases:
    """Those of a folder of runs, which the job finds by its environment."""
    monkeypatch.setenv("TRACKER_STORE", str(tmp_path / "runs"))
    return open_leases(str(tmp_path / "runs"))


def taken(leases: Leases, **details: object) -> Lease:
    """A lease of this process, taken for the run."""
    lease = leases.take("k", None, this_process(), {**MINE, **details})
    assert lease is not None
    return lease


def settled(leases: Leases, code: int) -> Lease:
    """A lease whose run has ended with the code."""
    lease = taken(leases)
    leases.settle(lease, Outcome(code, 1.0, datetime.now(UTC)))
    return leases.leases(["k"])["k"]


def again() -> tuple[str, ...] | int:
    """What the job is to do with the run."""
    return freed({"k": COMMAND}, lambda: False)["k"]


def test_a_run_that_took_no_lease_is_started_as_planned(leases: Leases) -> None:
    assert again() == COMMAND


@pytest.mark.parametrize("code", [STOPPED, KILLED])
def test_a_run_that_was_asked_to_end_goes_on(leases: Leases, code: int) -> None:
    lease = settled(leases, code)
    assert f"{lease.generation}:{lease.beats}" in again()


@pytest.mark.parametrize("code", [DONE, FAILED])
def test_a_run_that_ended_by_itself_is_over(leases: Leases, code: int) -> None:
    settled(leases, code)
    assert again() == code


def test_a_run_that_somebody_wants_no_more_stays_stopped(leases: Leases) -> None:
    lease = taken(leases)
    leases.ask_to_stop(["k"])
    leases.settle(lease, Outcome(STOPPED, 1.0, datetime.now(UTC)))
    assert again() == STOPPED


def test_a_run_that_somebody_else_has_taken_is_left_to_them(leases: Leases) -> None:
    taken(leases, launcher="launcher-2")
    assert again() == MOVED_ON


def test_the_lease_of_a_process_that_is_gone_is_taken_over(leases: Leases) -> None:
    gone = replace(this_process(), pid=2**22 - 1)
    lease = leases.take("k", None, gone, MINE)
    assert lease is not None
    assert f"{lease.generation}:{lease.beats}" in again()


def test_nothing_starts_while_the_earlier_process_lives(leases: Leases) -> None:
    taken(leases)
    looks = iter([False, False, True])
    assert freed({"k": COMMAND}, lambda: next(looks)) == {}


def test_a_command_without_a_lease_is_just_started(leases: Leases) -> None:
    assert freed({"k": ("sleep", "1")}, lambda: False) == {"k": ("sleep", "1")}
