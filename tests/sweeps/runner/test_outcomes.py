"""What became of a run is in its exit code and its lease; what it needs is handed on."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sweeps.exit_codes import CANNOT_START, DONE, FAILED, KILLED, LEASE_LOST, MOVED_ON, STOPPED
from sweeps.running.outcomes import exit_code
from tests.sweeps.runner.conftest import OTHER, Runner, ended, outcome_of, printed
from tracker.leases.base import Leases


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("exit 0", DONE, ""),
        ("echo hello; echo 'what went wrong'; exit 3", FAILED, "what went wrong"),
        ("kill -9 $$", KILLED, "killed by SIGKILL: by hand, or for want of memory"),
        ("sh -c 'kill -9 $$'; exit $?", KILLED, "killed by SIGKILL: by hand, or for want of memory"),
        ("kill -SEGV $$", FAILED, "ended by SIGSEGV"),
        ("kill -TERM $$", STOPPED, ""),
        ("exit 130", STOPPED, ""),
    ],
)
def test_the_exit_code_and_the_lease_say_how_it_ended(
    runner: Runner, leases: Leases, command: str, code: int, words: str
) -> None:
    assert ended(runner("sh", "-c", command)) == code
    assert outcome_of(leases) == (code, words)


def test_an_outcome_tells_time_and_memory(runner: Runner, leases: Leases) -> None:
    ended(runner(sys.executable, "-c", "x = bytearray(200 * 2**20); import time; time.sleep(0.1)"))
    outcome = leases.leases()["k"].outcome
    assert outcome is not None
    assert outcome.memory > 200 * 2**20
    assert outcome.seconds > 0.1


def test_a_lease_that_moved_on_since_the_plan_starts_nothing(
    runner: Runner, leases: Leases, place: Path
) -> None:
    lease = leases.take("k", None, OTHER, {})
    assert ended(runner("touch", "it-ran")) == MOVED_ON
    assert ended(runner("touch", "it-ran", seen="2:0")) == MOVED_ON
    assert not (place / "it-ran").exists()
    assert leases.leases() == {"k": lease}
    assert ended(runner("touch", "it-ran", seen="1:0")) == DONE
    assert (place / "it-ran").exists()


def test_a_program_that_is_not_there_is_told(runner: Runner, leases: Leases) -> None:
    assert ended(runner("no-such-program")) == CANNOT_START
    assert outcome_of(leases)[1] == "no-such-program cannot be started: No such file or directory"


@pytest.mark.parametrize("options", [{"seen": "2"}, {"details": "{"}, {"details": "[]"}, {"store": ""}])
def test_an_order_that_makes_no_sense_starts_nothing(
    runner: Runner, place: Path, options: dict[str, str]
) -> None:
    assert ended(runner("touch", "it-ran", **options)) == CANNOT_START
    assert not (place / "it-ran").exists()
    assert "sweeps.runner: " in (place / "0.log").read_text()


def test_a_store_that_cannot_hold_the_lease_starts_nothing(runner: Runner, place: Path) -> None:
    (place / "runs").write_text("")
    assert ended(runner("touch", "it-ran")) == CANNOT_START
    assert "cannot hold leases" in (place / "0.log").read_text()


def test_a_command_that_ends_well_is_done_whatever_it_was_asked() -> None:
    assert exit_code(0, asked=True, lost=True) == DONE
    assert exit_code(1, asked=True, lost=True) == LEASE_LOST
    assert exit_code(1, asked=True, lost=False) == STOPPED
    assert exit_code(-9, asked=True, lost=False) == KILLED


def test_the_command_finds_its_lease_and_its_checkpoint(runner: Runner, place: Path) -> None:
    told = 'echo "told $TRACKER_LEASE $TRACKER_CHECKPOINT"'
    ended(runner("sh", "-c", told, checkpoint="kept.pt"))
    assert printed(place, "told ") == ["k kept.pt"]


def test_no_run_gets_the_checkpoint_of_another(
    runner: Runner, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_CHECKPOINT", "of-somebody-else")
    ended(runner("sh", "-c", 'echo "told <$TRACKER_CHECKPOINT>"'))
    assert printed(place, "told ") == ["<>"]


def test_a_checkpoint_goes_when_the_run_is_done_and_stays_otherwise(runner: Runner, place: Path) -> None:
    for name in ("k.pt", "k.pt.run.json", ".k.pt.7", "kk.pt"):
        (place / name).touch()
    checkpoint = str(place / "k.pt")
    assert ended(runner("false", checkpoint=checkpoint)) == FAILED
    assert (place / "k.pt").exists()
    assert ended(runner("true", checkpoint=checkpoint, seen="1:1")) == DONE
    assert [path.name for path in place.iterdir() if "k.pt" in path.name] == ["kk.pt"]
