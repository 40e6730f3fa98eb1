"""Sweeps with a second launcher whose clock is hours off."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.faults.sweep_scene import SweepScene
from tests.sweeps.scene import wait_for
from tracker import open_store
from tracker.leases import open_leases
from tracker.leases.base import LASTS

# what a jump leaves as it is: the monotonic clock, and the times that the file system notes
KEPT = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}
HOURS = (3, -3)

MakeSweep = Callable[..., SweepScene]


def at(hours: int) -> list[str]:
    """What makes the clock of a command go wrong by so many hours."""
    if shutil.which("faketime") is None:
        pytest.skip("needs faketime on the PATH: apt-get install faketime")
    return ["faketime", "-f", f"{hours:+d}h"]


def on_another_machine(hours: int) -> list[str]:
    """The same in a command that takes itself to be elsewhere, so that it cannot look at processes."""
    words = ["unshare", "--uts", "sh", "-c", 'hostname elsewhere && exec "$@"', "sh"]
    if shutil.which("unshare") is None or subprocess.run([*words, "true"], capture_output=True).returncode:
        pytest.skip("a machine cannot be given another name here")
    return [*words, *at(hours)]


@pytest.mark.faults
@pytest.mark.parametrize("machine", [at, on_another_machine])
@pytest.mark.parametrize("hours", HOURS)
def test_two_launchers_whose_clocks_differ_by_hours_double_nothing(
    make_sweep: MakeSweep, hours: int, machine: Callable[[int], list[str]]
) -> None:
    scene = make_sweep(seeds=3, nap=0.5)
    before = machine(hours)

    scene.launch()
    scene.launch(before=before, **KEPT)
    scene.assert_ended()

    assert_each_was_started_once(scene)
    scene.finish(one_clock=False)


@pytest.mark.faults
@pytest.mark.parametrize("hours", HOURS)
def test_what_a_killed_launcher_with_a_wrong_clock_leaves_is_done_once(
    make_sweep: MakeSweep, hours: int
) -> None:
    scene = make_sweep(seeds=2, nap=1.0)
    scene.launch(before=at(hours), **KEPT)
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
    before = on_another_machine(hours)
    scene.launch("--workers", "3")
    wait_for(lambda: len(scene.runs()) == 3)

    other = scene.launch(before=before, **KEPT)
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
