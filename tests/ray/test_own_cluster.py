"""A cluster that the engine starts by itself: quiet, and gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeps.engines.process_tree import descendants
from sweeps.engines.ray_connection import SHORT
from tests.ray.conftest import PATIENT, gone
from tests.sweeps.hearing import eventually, first_line

# a launcher that runs one patient process and prints what it hears
LAUNCHER = """
import signal, sys
from pathlib import Path
from sweeps.engines.base import Needs, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.ray_cluster import RayEngine
from tracker.errors import LaunchError

def heard(*_):
    raise SystemExit(3)

signal.signal(signal.SIGTERM, heard)
program, seconds, gpus = sys.argv[1:]
needs = Needs(gpus=float(gpus))
try:
    engine = RayEngine(EngineOptions(needs=needs, logs=Path(".")))
except LaunchError as error:
    sys.exit(str(error))
assert signal.getsignal(signal.SIGTERM) is heard
engine.submit([Task("t", (sys.executable, "-c", program, seconds, "0"), Path("t.log"), needs=needs)])
events = []
while not (events and events[-1].over):
    events += engine.events(0.5)
engine.close()
print(*[event.kind for event in events])
"""


@pytest.fixture
def launchers(tmp_path: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Launchers that are killed at the end of the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def _launch(
    launchers: list[subprocess.Popen[str]], folder: Path, seconds: int, gpus: float = 0.0
) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment |= {"HOME": str(folder), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-c", LAUNCHER, PATIENT, str(seconds), str(gpus)]
    pipe = subprocess.PIPE
    launchers.append(
        subprocess.Popen(command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)
    )
    return launchers[-1]


def test_it_is_quiet_and_leaves_nothing(launchers: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    before = set(SHORT.glob("ray-*"))
    launcher = _launch(launchers, tmp_path, seconds=1)
    first_line(tmp_path / "t.log")
    family = descendants(launcher.pid)
    assert len(family) > 5

    out, err = launcher.communicate(timeout=60)

    assert (out, err) == ("queued started ended\n", "")
    eventually(lambda: all(gone(pid) for pid in family))
    assert [path.name for path in tmp_path.iterdir()] == ["t.log"]  # no token in the home
    assert set(SHORT.glob("ray-*")) <= before


def test_a_card_that_is_not_there_is_refused(launchers: list[subprocess.Popen[str]], tmp_path: Path) -> None:
    launcher = _launch(launchers, tmp_path, seconds=1, gpus=0.5)
    out, err = launcher.communicate(timeout=60)
    assert launcher.returncode == 1
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("--gpus 0.5: there is no graphics card in a Ray cluster on this machine")


def test_nothing_outlives_a_launcher_that_is_killed(
    launchers: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    before = set(SHORT.glob("ray-*"))
    launcher = _launch(launchers, tmp_path, seconds=600)
    run = int(first_line(tmp_path / "t.log")[0])
    family = descendants(launcher.pid)
    assert run in family

    agents = [pid for pid in family if "Agent" in Path(f"/proc/{pid}/cmdline").read_text()]

    launcher.send_signal(signal.SIGKILL)

    eventually(lambda: all(gone(pid) for pid in family if pid not in agents))
    assert "asked to end" in (tmp_path / "t.log").read_text()
    for pid in agents:  # they look for their cluster for a minute
        os.kill(pid, signal.SIGKILL)
    for folder in set(SHORT.glob("ray-*")) - before:
        shutil.rmtree(folder)


def test_a_dead_raylet_ends_the_sweep_with_a_word(
    launchers: list[subprocess.Popen[str]], tmp_path: Path
) -> None:
    launcher = _launch(launchers, tmp_path, seconds=600)
    first_line(tmp_path / "t.log")
    family = descendants(launcher.pid)
    (raylet,) = [pid for pid in family if Path(f"/proc/{pid}/comm").read_text() == "raylet\n"]

    os.kill(raylet, signal.SIGKILL)

    out, _ = launcher.communicate(timeout=120)
    assert out == "queued started lost\n"
    eventually(lambda: all(gone(pid) for pid in family))
