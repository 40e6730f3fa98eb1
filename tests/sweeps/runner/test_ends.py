"""Real signals, wishes and losses end a run in order; a server that goes away does not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeps.exit_codes import DONE, FAILED, KILLED, LEASE_LOST, STOPPED
from tests.mirror.nx import OwnServer
from tests.sweeps.runner.conftest import OTHER, Runner, ended, held, outcome_of, printed
from tests.sweeps.scene import INTERRUPTED, is_alive, statuses, wait_for
from tracker.leases import open_leases
from tracker.leases.base import Leases
from tracker.leases.holder import is_gone
from tracker.leases.watch import Watch


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server that the test kills and starts again."""
    server = OwnServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def test_sigterm_ends_the_run_in_order(runner: Runner, place: Path, leases: Leases) -> None:
    process = runner(sys.executable, "toy.py", "with", "nap=60.0")
    printed(place, "toy started")
    process.terminate()
    assert ended(process) == STOPPED
    assert outcome_of(leases) == (STOPPED, "")
    assert statuses(place) == {INTERRUPTED: 1}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_was_blocked_is_heard(runner: Runner, place: Path, number: int) -> None:
    process = runner("sh", "-c", "echo begun; sleep 60", blocked=True)
    printed(place, "begun")
    process.send_signal(number)
    assert ended(process) == STOPPED


def test_who_asks_again_and_again_hears_the_same_answer(runner: Runner, place: Path) -> None:
    process = runner(sys.executable, "-c", "import time; print('here', flush=True); time.sleep(60)")
    printed(place, "here")

    while process.poll() is None:  # also while Python ends, with its handlers gone
        process.send_signal(signal.SIGTERM)
        time.sleep(0.0005)

    assert process.returncode == STOPPED


def test_sigusr2_ends_nothing(runner: Runner, place: Path) -> None:
    process = runner("sh", "-c", "kill -USR2 $PPID; kill -USR2 $$; echo begun")
    assert ended(process) == DONE


def test_a_command_that_does_not_end_is_killed_after_a_grace(runner: Runner, place: Path) -> None:
    process = runner(sys.executable, "toy.py", "with", "nap=60.0", "act=ignore")
    printed(place, "toy started")
    process.terminate()
    assert ended(process) == KILLED


def test_a_wish_in_the_store_ends_the_run_in_order(runner: Runner, place: Path, leases: Leases) -> None:
    process = runner(sys.executable, "toy.py", "with", "nap=60.0")
    printed(place, "toy started")
    leases.ask_to_stop(["k"])
    assert ended(process) == STOPPED
    assert leases.leases()["k"].stop
    assert statuses(place) == {INTERRUPTED: 1}


def test_a_lost_lease_ends_the_run(runner: Runner, place: Path, leases: Leases) -> None:
    process = runner("sh", "-c", "echo begun; sleep 60")
    printed(place, "begun")
    taken = None
    while taken is None:  # it is renewed all the time
        taken = leases.take("k", leases.leases()["k"], OTHER, {})
    assert ended(process) == LEASE_LOST
    assert leases.leases() == {"k": taken}


def test_kill_9_of_the_runner_ends_the_command_and_frees_the_lease(
    runner: Runner, place: Path, leases: Leases
) -> None:
    process = runner(
        "sh", "-c", 'trap "" TERM; sleep 61 & one=$!; setsid sleep 61 & echo "pids $$ $one $!"; wait'
    )
    pids = [int(number) for number in printed(place, "pids ")[0].split()]
    process.kill()
    process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in pids))
    lease = leases.leases()["k"]
    assert is_gone(lease.holder)
    assert Watch().free(lease)


def test_the_end_of_whoever_started_the_runner_ends_the_run(place: Path, leases: Leases, store: str) -> None:
    words = "python -m sweeps.runner --key k --seen none -- sh -c 'echo \"pid $$\"; exec sleep 62' & wait"
    environ = {
        **os.environ,
        "TRACKER_STORE": store,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    with (place / "0.log").open("wb") as log:
        parent = subprocess.Popen(["sh", "-c", words], cwd=place, env=environ, stdout=log)
    try:
        pid = int(printed(place, "pid ")[0])
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not is_alive(pid))
    wait_for(lambda: leases.leases()["k"].outcome is not None)
    assert outcome_of(leases)[0] == STOPPED


@pytest.mark.parametrize(
    "leave",
    [
        "sleep 63 & echo pids $!",
        "setsid sleep 63 & echo pids $!",
        "setsid sh -c 'trap \"\" TERM; sleep 63 & echo pids $$ $!; wait' & sleep 0.5",
    ],
)
@pytest.mark.parametrize("end", ["exit 0", "exit 1", "sleep 60"])
def test_nothing_that_the_command_started_is_left(runner: Runner, place: Path, leave: str, end: str) -> None:
    process = runner("sh", "-c", f"{leave}; {end}")
    pids = [int(number) for number in printed(place, "pids ")[0].split()]
    if end == "sleep 60":
        process.terminate()
    assert ended(process) in (DONE, FAILED, STOPPED)
    assert not any(is_alive(pid) for pid in pids)


def test_a_server_that_goes_away_and_comes_back_ends_nothing(
    runner: Runner, place: Path, own_server: OwnServer
) -> None:
    address = own_server.address("serverSelectionTimeoutMS=300")
    process = runner("sh", "-c", "echo begun; while [ ! -e go ]; do sleep 0.05; done", store=address)
    printed(place, "begun")
    before = held(open_leases(address))
    own_server.kill()
    own_server.start()
    after = open_leases(address)
    wait_for(lambda: after.leases()["k"].beats > before.beats + 1)
    assert process.poll() is None
    (place / "go").touch()
    assert ended(process) == DONE
    assert outcome_of(after) == (DONE, "")
