"""A run that is killed at any moment."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.losses_record import our_record
from benchmarks.losses_scene import Scene
from tests.faults.conftest import assert_all_but_the_last_second, assert_everything
from tracker.doctor import examine
from tracker.run import LIVE_FOR
from tracker.stores import open_store

AT_ONCE = 10  # runs of one batch, which share a store
BUSY = {"points": 20_000, "pause": 0.0005, "line": 20}  # ten seconds alone on a machine


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 10))]
)
def test_ten_runs_that_are_killed_at_random_moments_lose_at_most_a_second(
    make_scene: Callable[..., Scene], seed: int
) -> None:
    chance = random.Random(seed)
    scenes = [make_scene() for _ in range(AT_ONCE)]
    for scene in scenes:
        scene.start(**BUSY)
    for scene in scenes:
        scene.wait_for(1)
    moments = sorted(chance.uniform(0.0, 4.0) for _ in scenes)
    begun = time.monotonic()
    for scene, moment in zip(chance.sample(scenes, AT_ONCE), moments, strict=True):
        time.sleep(max(0.0, begun + moment - time.monotonic()))
        scene.process.kill()

    for scene in scenes:
        assert_was_killed(scene)


def assert_was_killed(scene: Scene) -> None:
    """All but the last second is there, the run counts as dead, and the doctor ends it as it was."""
    ledger = scene.end().ledger
    killed = our_record(scene.store)
    assert_all_but_the_last_second(killed, ledger)
    soon = datetime.now(UTC) + timedelta(seconds=LIVE_FOR)
    assert open_store(str(scene.store)).run(1).state(soon) == "dead"

    assert examine(str(scene.store), soon, fix=True).healthy

    mended = our_record(scene.store)
    assert (mended.steps, mended.lines) == (killed.steps, killed.lines)
    assert mended.status == "INTERRUPTED"
    assert examine(str(scene.store), soon).findings == ()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 6))])
def test_a_run_that_is_killed_while_it_starts_leaves_a_store_that_others_use(
    make_scene: Callable[..., Scene], seed: int
) -> None:
    chance, scene = random.Random(seed), make_scene()
    for _ in range(3):
        scene.start(**BUSY)
        time.sleep(chance.uniform(0.2, 0.6))
        scene.process.kill()
        scene.end()

    scene.start(points=3, pause=0)
    ended = scene.end()

    newest = max(int(path.name) for path in scene.store.iterdir() if path.name.isdecimal())
    assert_everything(our_record(scene.store, str(newest)), ended.ledger)
    assert all(run.fault == "" for run in open_store(str(scene.store)).runs())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_asked_to_end_keeps_everything(make_scene: Callable[..., Scene], number: int) -> None:
    scene = make_scene()
    scene.start(points=500, pause=0.01)
    scene.wait_for(30)
    scene.process.send_signal(number)

    ledger = scene.end().ledger

    record = our_record(scene.store)
    assert_everything(record, ledger)
    assert record.status == "INTERRUPTED"


@pytest.mark.parametrize("count", [5, pytest.param(16, marks=pytest.mark.faults)])
def test_runs_that_start_at_once_all_get_a_number_and_keep_everything(
    make_scene: Callable[..., Scene], count: int, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    scenes = [make_scene(store=shared) for _ in range(count)]
    for scene in scenes:
        scene.start(points=20, pause=0.01)
    ledgers = [scene.end().ledger for scene in scenes]

    runs = list(open_store(str(shared)).runs())

    assert [run.id for run in runs] == list(range(1, count + 1))
    assert {run.status for run in runs} == {"COMPLETED"}
    for number, ledger in enumerate(ledgers, start=1):  # all logged the same
        assert_everything(our_record(shared, str(number)), ledger)
