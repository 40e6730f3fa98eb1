"""Sweeps that are asked to end again and again, by whoever and in whatever order."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable

import pytest

from tests.faults.sweep_scene import SweepScene
from tests.sweeps.scene import wait_for
from tracker import open_store

SIGNALS = (signal.SIGTERM, signal.SIGINT)
STORM = 20  # signals


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 9))])
def test_a_storm_of_signals_ends_a_sweep_in_order(make_sweep: Callable[..., SweepScene], seed: int) -> None:
    chance, scene = random.Random(seed), make_sweep(seeds=1 + seed % 3, nap=1.0)
    launcher = scene.launch()
    wait_for(lambda: bool(scene.runs() and scene.runners()))

    for _ in range(STORM):
        whom = "launcher" if chance.random() < 0.3 else "runner"
        pids = sorted(scene.launchers() if whom == "launcher" else scene.runners())
        scene.send(chance.choice(SIGNALS), [chance.choice(pids)] if pids else [], whom)
        time.sleep(chance.uniform(0.0, 0.1))
    scene.send(signal.SIGTERM, scene.launchers(), "launcher")

    scene.assert_ended()
    # a signal may also come after its last words, when nobody counts any more
    assert launcher.returncode in (130, -signal.SIGTERM, -signal.SIGINT), scene.story()
    assert "Interrupted; the same command goes on from here." in scene.said(), scene.story()
    assert "Traceback" not in scene.said(), scene.story()
    assert {run.fault for run in open_store(scene.address).runs()} <= {""}
    scene.finish()
