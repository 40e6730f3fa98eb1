"""Sweeps of which a launcher, a runner or a run is killed at any moment, with one launcher or two."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.sweep_scene import WAITS, SweepScene

MOMENTS = 7  # of one sweep; with eight sweeps these are 56 that hit what was alive
WHOM = ("launcher", "launcher", "runner", "run", "anything")
LONG = [pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 5)]

MakeSweep = Callable[..., SweepScene]


@pytest.mark.parametrize("seed", [pytest.param(0), *LONG])
def test_a_sweep_that_is_killed_at_random_moments_has_every_run_once(
    make_sweep: MakeSweep, seed: int
) -> None:
    scene = make_sweep(seeds=4 if seed else 1)

    storm(scene, random.Random(seed), MOMENTS if seed else 3, abreast=1 + seed % 2)

    scene.finish()


@pytest.mark.faults
@pytest.mark.mongo
@pytest.mark.parametrize("seed", range(5, 9))
def test_a_sweep_into_a_server_that_is_killed_at_random_moments_has_every_run_once(
    make_sweep: MakeSweep, mongo_address: str, seed: int
) -> None:
    scene = make_sweep(mongo_address, seeds=4)

    storm(scene, random.Random(seed), MOMENTS, abreast=1 + seed % 2)

    scene.finish()


def storm(scene: SweepScene, chance: random.Random, moments: int, abreast: int) -> None:
    """Kill what lives at so many moments, with so many launchers going at each."""
    while moments:
        scene.keep(abreast)
        if chance.random() < WAITS:
            scene.await_run()
        time.sleep(chance.uniform(0.0, 2.5))
        victims = sorted(among(scene, chance.choice(WHOM)) or scene.launchers())
        if victims:
            moments -= scene.kill(chance.choice(victims))
        else:  # all is done
            scene.grow()


def among(scene: SweepScene, whom: str) -> list[int]:
    """The processes of this kind that go now."""
    found = {"launcher": scene.launchers, "runner": scene.runners, "run": scene.runs}
    return found.get(whom, scene.processes)()
