"""The pool of this machine, with real processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.engines import open_engine
from sweeps.engines.base import Event, Needs, Task
from sweeps.engines.local import LocalEngine
from sweeps.engines.machine import THREADS, cores, free_memory, largest_memory, threads
from sweeps.engines.options import EngineOptions
from sweeps.engines.places import places
from sweeps.exit_codes import CANNOT_START, STOPPED
from tests.sweeps.scene import is_alive, wait_for
from tracker.errors import LaunchError
from tracker.settings import STORE_VARIABLE

Opened = Callable[..., LocalEngine]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Opened]:
    """opened(workers=2) is an engine without cards, closed by the end of the test."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    engines: list[LocalEngine] = []

    def build(workers: int | None = None, **needs: int) -> LocalEngine:
        engines.append(LocalEngine(EngineOptions(workers, needs=Needs(**needs), logs=tmp_path)))
        return engines[-1]

    yield build
    for engine in engines:
        engine.cancel(hard=True)
        engine.close()


@pytest.fixture
def task(tmp_path: Path) -> Callable[..., Task]:
    """task("key", "import time") is that piece of Python as a task."""

    def build(key: str, code: str, **needs: int) -> Task:
        return Task(key, (sys.executable, "-c", code), tmp_path / f"{key}.log", needs=Needs(**needs))

    return build


def until_over(engine: LocalEngine, number: int) -> dict[str, Event]:
    """The last events of so many tasks."""
    over: dict[str, Event] = {}

    def heard() -> bool:
        over.update({event.key: event for event in engine.events(0.2) if event.over})
        return len(over) >= number

    wait_for(heard)
    return over


def test_places_are_taken_and_given_back(opened: Opened, task: Callable[..., Task]) -> None:
    engine = opened(2)
    engine.submit([task("a", "print('hello')")])
    assert engine.room == 1
    ended = until_over(engine, 1)["a"]
    assert (ended.kind, ended.exit_code, engine.room) == ("ended", 0, 2)


def test_the_log_begins_with_the_command_and_has_what_is_printed(
    opened: Opened, task: Callable[..., Task]
) -> None:
    engine, one = opened(1), task("a", "import sys; print('out'); print('error', file=sys.stderr)")
    engine.submit([one])
    until_over(engine, 1)
    first, *rest = one.log.read_text().splitlines()
    assert first.startswith(f"$ {sys.executable} -c ")
    assert sorted(rest) == ["error", "out"]


def test_a_program_that_is_not_there_ends_its_task_alone(opened: Opened, tmp_path: Path) -> None:
    engine = opened(1)
    engine.submit([Task("a", ("no-such-program",), tmp_path / "a.log")])
    assert until_over(engine, 1)["a"].exit_code == CANNOT_START
    assert "no-such-program" in (tmp_path / "a.log").read_text()
    assert engine.room == 1


def test_threads_are_in_the_environment_and_never_more_than_the_share(
    opened: Opened, task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "999")
    engine, one = opened(cores()), task("a", f"import os; print([os.environ[name] for name in {THREADS}])")
    engine.submit([one])
    until_over(engine, 1)
    assert one.log.read_text().splitlines()[-1] == str(["1"] * len(THREADS))


def test_fewer_threads_than_the_share_are_left_as_somebody_wants_them() -> None:
    assert threads(8, {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "0"}) == {
        **dict.fromkeys(THREADS, "8"),
        "OMP_NUM_THREADS": "2",
    }


def test_each_run_is_in_a_session_of_its_own(opened: Opened, task: Callable[..., Task]) -> None:
    engine, one = opened(1), task("a", "import os; print(os.getsid(0) == os.getpid())")
    engine.submit([one])
    until_over(engine, 1)
    assert one.log.read_text().endswith("True\n")


def test_cancel_asks_and_a_run_may_end_in_order(opened: Opened, task: Callable[..., Task]) -> None:
    code = "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(75)); print('up', flush=True)"
    engine, one = opened(1), task("a", f"{code}; time.sleep(600)")
    engine.submit([one])
    wait_for(lambda: "\nup" in one.log.read_text())
    engine.cancel(hard=False)
    assert until_over(engine, 1)["a"].exit_code == 75


DEAF = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
below = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print("pids", os.getpid(), below.pid, flush=True)
time.sleep(600)
"""


def test_a_wish_to_end_that_comes_before_a_run_can_hear_it_is_heard(opened: Opened, tmp_path: Path) -> None:
    engine = opened(4)
    runner = (sys.executable, "-m", "sweeps.runner", "--seen", "none", "--key")
    environment = {STORE_VARIABLE: str(tmp_path / "runs")}
    engine.submit(
        [
            Task(key, (*runner, key, "--", "sleep", "60"), tmp_path / f"{key}.log", environment)
            for key in ("a", "b", "c", "d")
        ]
    )
    engine.cancel(hard=False)
    assert {event.exit_code for event in until_over(engine, 4).values()} == {STOPPED}


def test_a_hard_cancel_ends_everything_under_a_run(opened: Opened, task: Callable[..., Task]) -> None:
    engine, one = opened(1), task("a", DEAF)
    engine.submit([one])
    wait_for(lambda: "\npids" in one.log.read_text())
    pids = [int(word) for word in one.log.read_text().splitlines()[-1].split()[1:]]
    engine.cancel(hard=True)
    assert until_over(engine, 1)["a"].exit_code == -signal.SIGKILL
    wait_for(lambda: not any(is_alive(pid) for pid in pids))


def test_a_run_is_asked_to_end_when_its_time_is_over(
    opened: Opened, task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = task("a", "import time; time.sleep(600)", minutes=1)
    engine = opened(1)
    engine.submit([one])
    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: clock() + 61)  # a minute is too long for a test
    assert until_over(engine, 1)["a"].exit_code == -signal.SIGTERM


def test_close_leaves_nothing_behind(opened: Opened, task: Callable[..., Task]) -> None:
    engine, one = (
        opened(2),
        task("a", "import os, time; print('pid', os.getpid(), flush=True); time.sleep(600)"),
    )
    engine.submit([one])
    wait_for(lambda: "\npid" in one.log.read_text())
    engine.close()
    assert not is_alive(int(one.log.read_text().split()[-1]))


def machine(root: Path, cpu: str = "max 100000", memory: str = "max", available: int = 64) -> Path:
    """A /proc and /sys of a container whose control group has these limits."""
    group = root / "sys/fs/cgroup/box"
    group.mkdir(parents=True)
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text("0::/box\n")
    (root / "proc/meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable: {available * 2**20} kB\n")
    (group / "cpu.max").write_text(f"{cpu}\n")
    (group / "memory.max").write_text(f"{memory}\n")
    (group / "memory.current").write_text(f"{3 * 2**30}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {2**30}\n")
    return root


def test_a_container_has_the_cores_of_its_quota(tmp_path: Path) -> None:
    assert cores(machine(tmp_path, cpu="50000 100000")) == 1


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    assert cores(machine(tmp_path)) == len(os.sched_getaffinity(0))


def test_a_container_has_the_memory_of_its_limit(tmp_path: Path) -> None:
    assert free_memory(machine(tmp_path, memory=str(8 * 2**30))) == 6 * 2**30


def test_without_a_limit_the_memory_of_the_machine_counts(tmp_path: Path) -> None:
    assert free_memory(machine(tmp_path)) == 64 * 2**30


@pytest.mark.parametrize(
    ("workers", "needs", "most", "each"),
    [
        (None, Needs(), 64, 1),
        (3, Needs(), 3, 21),
        (None, Needs(cores=10), 6, 10),
        (100, Needs(cores=10), 6, 10),
        (100, Needs(), 100, 1),
        (None, Needs(memory=20 * 2**30), 5, 12),
        (None, Needs(memory=900 * 2**30), 1, 64),
    ],
)
def test_cores_and_memory_are_divided(workers: int | None, needs: Needs, most: int, each: int) -> None:
    found = places(EngineOptions(workers, needs=needs), 64, (), 100 * 2**30)
    assert (found.most, found.free, found.threads) == (most, most, each)


def test_more_cores_than_there_are_is_refused() -> None:
    with pytest.raises(LaunchError, match=r"--cores 9: this process may use 2 cores"):
        places(EngineOptions(needs=Needs(cores=9)), 2, (), 0)


def test_without_leases_no_memory_is_known() -> None:
    assert largest_memory([]) == 0


def test_an_unknown_engine_is_refused_with_the_nearest() -> None:
    with pytest.raises(LaunchError, match=r"--engine slrum: there is no such engine; did you mean slurm\?"):
        open_engine("slrum", EngineOptions())


def test_a_further_option_is_refused() -> None:
    with pytest.raises(LaunchError, match="partition: the engine local has no further options"):
        open_engine("local", EngineOptions(extra={"partition": "gpu"}))


@pytest.mark.parametrize(("engine", "package"), [("slurm", "submitit"), ("ray", "ray")])
def test_an_engine_that_is_not_installed_says_how_to_install_it(
    engine: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(LaunchError, match=rf"pip install 'sacred-grove\[{engine}\]'"):
        open_engine(engine, EngineOptions())
