"""Sweeps with a second launcher whose clock is hours off."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence

import pytest

from tests.faults.sweep_scene import SweepScene
from tests.faults.test_clock import SHIFT
from tests.sweeps.scene import wait_for
from tracker import open_store
from tracker.leases import open_leases
from tracker.leases.base import LASTS

HOURS = (3, -3)
ELSEWHERE = ("unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh")

MakeSweep = Callable[..., SweepScene]


def launch(scene: SweepScene, hours: int, before: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """A launcher whose clock, like those of all that it starts, is wrong by so many hours."""
    shim = scene.place / f"shim{hours}"
    shim.mkdir()
    (shim / "sitecustomize.py").write_text(SHIFT.format(hours=hours, after=-1))
    return scene.launch(before=before, PYTHONPATH=str(shim))


def on_another_machine() -> Sequence[str]:
    """What makes a command take itself to be elsewhere, so that it cannot look at processes."""
    if shutil.which("unshare") is None or subprocess.run([*ELSEWHERE, "true"]).returncode:
        pytest.skip("a machine cannot be given another name here")
    return ELSEWHERE


@pytest.mark.faults
@pytest.mark.parametrize("machine", [tuple, on_another_machine], ids=["here", "elsewhere"])
@pytest.mark.parametrize("hours", HOURS)
def test_two_launchers_whose_clocks_differ_by_hours_double_nothing(
    make_sweep: MakeSweep, hours: int, machine: Callable[[], Sequence[str]]
) -> None:
    scene = make_sweep(seeds=3, nap=0.5)
    before = machine()

    scene.launch()
    launch(scene, hours, before)
    scene.assert_ended()

    assert_each_was_started_once(scene)
    assert "Traceback" not in scene.said(), scene.story()
    scene.finish(one_clock=False)


@pytest.mark.faults
@pytest.mark.parametrize("hours", HOURS)
def test_what_a_killed_launcher_with_a_wrong_clock_leaves_is_done_once(
    make_sweep: MakeSweep, hours: int
) -> None:
    scene = make_sweep(seeds=2, nap=1.0)
    launch(scene, hours)
    wait_for(lambda: len(scene.runs()) == 2)

    scene.send(signal.SIGKILL, [*scene.runners(), *scene.runs()], "runner")
    scene.send(signal.SIGKILL, scene.launchers(), "launcher")

    scene.finish(one_clock=False)


@pytest.mark.faults
@pytest.mark.parametrize("hours", HOURS)
def test_a_long_run_is_not_taken_for_dead_by_another_machine_whose_clock_is_wrong(
    make_sweep: MakeSweep, hours: int
) -> None:
    scene = make_sweep(seeds=1, nap=LASTS + 15.0)
    before = on_another_machine()
    scene.launch("--workers", "3")
    wait_for(lambda: len(scene.runs()) == 3)

    other = launch(scene, hours, before)
    time.sleep(LASTS + 5.0)
    scene.note("the other machine has looked for longer than a lease lasts")

    assert other.poll() is None or other.returncode == 1, scene.story()
    scene.assert_ended()
    assert_each_was_started_once(scene)
    scene.finish(one_clock=False)


def assert_each_was_started_once(scene: SweepScene) -> None:
    """Nobody has taken a lease that another held, and no cell was tried twice."""
    assert len(list(open_store(scene.address).runs())) == len(scene.cells), scene.story()
    taken = open_leases(scene.address).leases().values()
    assert {lease.generation for lease in taken} == {1}, scene.story()
