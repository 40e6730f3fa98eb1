"""The process of one run, with real commands, real signals and a real server that goes away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.exit_codes import CANNOT_START, DONE, FAILED, KILLED, LEASE_LOST, MOVED_ON, STOPPED
from sweeps.running.outcomes import exit_code
from tests.mirror.nx import OwnServer
from tests.sweeps.scene import INTERRUPTED, is_alive, statuses, wait_for
from tracker.leases import open_leases
from tracker.leases.base import Holder, Lease, Leases
from tracker.leases.holder import is_gone
from tracker.leases.watch import Watch

OTHER = Holder("elsewhere", 1, 1, "boot")

# the runner with its signs of life every 0.2 s, and less grace for those that do not end
QUICK = """
import sys
from tracker.leases import base
base.RENEWED_EVERY = 0.2
from sweeps import runner
runner.GRACE = 3.0
sys.exit(runner.main())
"""
QUICK_RUNNER = (sys.executable, "-c", QUICK, "--key", "k")

Runner = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def store(place: Path) -> str:
    """The address of the store."""
    return str(place / "runs")


@pytest.fixture
def leases(store: str) -> Leases:
    return open_leases(store)


@pytest.fixture
def runner(place: Path, store: str) -> Iterator[Runner]:
    """runner("echo", "hello", seen="1:1") starts `echo hello` under the lease with the key k."""
    begun: list[subprocess.Popen[str]] = []

    def begin(
        *command: str, seen: str = "none", blocked: bool = False, **options: str
    ) -> subprocess.Popen[str]:
        address = options.pop("store", store)
        log = place / f"{len(begun)}.log"
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        details = json.dumps({"kind": "run", "log": str(log)})
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*QUICK_RUNNER, "--seen", seen, "--details", details, *words, "--", *command],
                cwd=place,
                env={**os.environ, "TRACKER_STORE": address},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=_block if blocked else None,
            )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server that the test kills and starts again."""
    server = OwnServer(tmp_path / "server")
    server.start()
    yield server
    server.kill()


def _block() -> None:
    """As Ray does in its workers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def ended(process: subprocess.Popen[str]) -> int:
    return process.wait(timeout=60)


def outcome_of(leases: Leases) -> tuple[int, str]:
    outcome = leases.leases()["k"].outcome
    assert outcome is not None
    return outcome.exit_code, outcome.words


def printed(place: Path, words: str) -> list[str]:
    """Wait until a run has printed the words; the rest of each line with them."""
    lines: list[str] = []

    def look() -> bool:
        told = "".join(path.read_text() for path in sorted(place.glob("*.log")))
        lines[:] = [line.partition(words)[2].strip() for line in told.splitlines() if words in line]
        return bool(lines)

    wait_for(look)
    return lines


def held(leases: Leases) -> Lease:
    """Wait until the run's lease is held."""
    wait_for(lambda: "k" in leases.leases() and leases.leases()["k"].outcome is None)
    return leases.leases()["k"]


# ----- what became of it


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


# ----- what it hands on


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


# ----- ends


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


# ----- a store that goes away


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
