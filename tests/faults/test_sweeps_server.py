"""Sweeps whose server is killed and comes back at any moment."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.sweep_scene import KILLS, WAITS, SweepScene
from tests.mirror.nx import OwnServer

MOMENTS = 4  # of one sweep


@pytest.mark.faults
@pytest.mark.mongo
@pytest.mark.parametrize("seed", range(4))
def test_a_sweep_whose_server_is_killed_at_random_moments_has_every_run_once(
    make_sweep: Callable[..., SweepScene], server: OwnServer, seed: int
) -> None:
    chance, scene = random.Random(seed), make_sweep(server.address(), seeds=3)

    for _ in range(MOMENTS):
        scene.keep(1 + seed % 2)
        if chance.random() < WAITS:
            scene.await_run()
        time.sleep(chance.uniform(0.3, 2.5))
        KILLS["server", scene.moment()] += 1
        server.kill()
        scene.note("the server is killed")
        time.sleep(chance.uniform(0.1, 2.0))
        if chance.random() < 0.5:  # and the launchers too, while it is away
            for pid in scene.launchers():
                scene.kill(pid)
        server.start()
        scene.note("the server is back")

    scene.finish()
