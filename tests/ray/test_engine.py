"""The engine `ray`, with processes that say what they see."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweeps.engines.base import Task
from sweeps.engines.ray_cluster import RayEngine
from tests.ray.conftest import gone
from tests.sweeps.hearing import eventually, first_line, over, started, until

OpenEngine = Callable[..., RayEngine]
MakeTask = Callable[..., Task]


def test_two_runs_share_each_card(open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path) -> None:
    engine = open_engine(gpus=0.5)
    assert engine.room == 4

    engine.submit([make_task(f"t{at}", seconds=600, gpus=0.5) for at in range(4)])
    events = until(engine, started(4))

    assert engine.room == 0
    cards = Counter(first_line(tmp_path / f"t{at}.log")[1] for at in range(4))
    assert cards == {"0": 2, "1": 2}
    assert all("card" in event.where for event in events if event.kind == "started")
    (tmp_path / "go").touch()
    until(engine, over(4))
    assert engine.room == 4


def test_exit_codes_are_told_as_they_are(open_engine: OpenEngine, make_task: MakeTask) -> None:
    engine, codes = open_engine(gpus=0.1), (0, 1, 75, 76, 77, 78, 79)

    engine.submit([make_task(str(code), code=code, gpus=0.1) for code in codes])
    events = until(engine, over(len(codes)))

    assert {event.key: event.exit_code for event in events if event.over} == {
        str(code): code for code in codes
    }
    assert {event.kind for event in events} == {"queued", "started", "ended"}


def test_a_run_has_as_many_threads_as_cores(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine(cores=3)
    engine.submit([make_task("t", cores=3)])
    until(engine, over(1))
    assert first_line(tmp_path / "t.log")[2] == "3"


def test_more_than_fits_waits_in_the_queue_and_is_dropped(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine(cores=4)
    engine.submit([make_task("runs", seconds=60, cores=4), make_task("waits", seconds=60, cores=4)])
    (first,) = {event.key for event in until(engine, started()) if event.kind == "started"}
    first_line(tmp_path / f"{first}.log")

    engine.cancel(hard=False)
    events = until(engine, over(2))

    assert {event.exit_code for event in events if event.over} == {75}
    assert "asked to end" in (tmp_path / f"{first}.log").read_text()
    assert [path.stem for path in tmp_path.glob("*.log")] == [first]


def test_a_hard_cancel_kills_all_that_a_run_has_started(
    open_engine: OpenEngine, tmp_path: Path, make_task: MakeTask
) -> None:
    shielded = 'trap "" TERM; setsid sleep 600 & echo $!; sleep 600'
    engine = open_engine()
    engine.submit([Task("t", ("sh", "-c", shielded), tmp_path / "t.log")])
    until(engine, started())
    sleeper = int(first_line(tmp_path / "t.log")[0])

    engine.cancel(hard=True)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 79
    eventually(lambda: gone(sleeper))


def test_a_killed_worker_is_told_as_lost_and_its_run_ends_in_order(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine()
    engine.submit([make_task("t", seconds=600)])
    until(engine, started())
    pid = int(first_line(tmp_path / "t.log")[0])

    os.kill(_parent(_parent(pid)), signal.SIGKILL)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.kind == "lost"
    eventually(lambda: gone(pid))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_node_that_comes_is_used_and_one_that_dies_or_falls_silent_is_told(
    cluster: Any, open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path, number: int
) -> None:
    engine = open_engine(cores=4)
    engine.submit([make_task("first", seconds=600, cores=4)])
    until(engine, started())
    assert engine.room == 0

    node = cluster.add_node(num_cpus=4, num_gpus=2)
    eventually(lambda: engine.room == 1)
    engine.submit([make_task("second", seconds=600, cores=4)])
    until(engine, started())
    pid = int(first_line(tmp_path / "second.log")[0])
    raylet = node.all_processes["raylet"][0].process
    raylet.send_signal(number)
    if number == signal.SIGKILL:
        raylet.wait()
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert (event.key, event.kind) == ("second", "lost")
    eventually(lambda: engine.room == 0)  # that node's place is gone, too
    raylet.kill()
    raylet.wait()
    eventually(lambda: gone(pid))
    cluster.remove_node(node, allow_graceful=False)


def test_a_password_stands_in_no_log_and_no_command_line(
    open_engine: OpenEngine,
    tmp_path: Path,
    cluster: Any,
    monkeypatch: Any,
    make_task: MakeTask,
) -> None:
    monkeypatch.setenv("TRACKER_STORE", "mongodb://me:verysecretword@127.0.0.1/runs")
    monkeypatch.setenv("NOT_ASKED_FOR", "stays here")
    engine = open_engine()
    shows = 'echo "${TRACKER_STORE%%:*} ${NOT_ASKED_FOR:-nothing}"; sleep 5'
    engine.submit([Task("t", ("sh", "-c", shows), tmp_path / "t.log")])
    until(engine, started())

    assert first_line(tmp_path / "t.log") == ["mongodb", "nothing"]
    lines = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, text=True, check=True).stdout
    assert "verysecretword" not in lines
    until(engine, over(1))
    session = Path(cluster.head_node.get_session_dir_path())
    logs = [path for path in session.rglob("*") if path.is_file()]
    assert len(logs) > 5
    assert [path for path in logs if b"verysecretword" in path.read_bytes()] == []


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
