"""A run that is killed again and again, while its server is, too, and that goes on each time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.mirror.nx import OwnServer
from tracker.doctor import examine
from tracker.mirror.push import push
from tracker.run import Run
from tracker.stores import open_store

SCRIPT = """
import json, time
from tracker.recording import Experiment, checkpoint_path, record, run_commandline, settle, went_on

experiment = Experiment("mine")
experiment.add_config({"steps": 400})
record(experiment)

@experiment.main
def main(_run, steps):
    place, step, value = checkpoint_path(), 0, 1.0
    if place.exists():
        step, value = json.loads(place.read_text())
        went_on(_run, step)
    while step < steps:
        step, value = step + 1, value * 0.999
        _run.log_scalar("loss", value, step)
        _run.log_scalar("counted", step)
        if step % 20 == 1:
            _run.log_scalar("seldom", step, step)
        print("step", step, flush=True)
        if step % 7 == 0:
            settle(_run, step)
            unfinished = place.with_name("key.part")
            unfinished.write_text(json.dumps([step, value]))
            unfinished.replace(place)
        time.sleep(0.01)
    return value

run_commandline(experiment)
"""
STEPS = list(range(1, 401))
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)
MOST = 40  # starts, of which a quarter would do


@pytest.mark.mongo
@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.faults) for seed in range(1, 10))]
)
def test_a_run_that_is_killed_at_random_moments_ends_as_one_run_with_every_step_once(
    tmp_path: Path, server: OwnServer, seed: int
) -> None:
    chance, store = random.Random(seed), tmp_path / "runs"
    (tmp_path / "mine.py").write_text(SCRIPT)
    starts = 0
    while not is_complete(store):
        start(tmp_path, server.address(), chance.uniform(0.1, 2.2), chance.choice(SIGNALS))
        starts += 1
        assert starts < MOST
        if chance.random() < 0.3:
            server.kill()
            server.start()

    push(store, server.address())

    for address in (str(store), server.address()):
        # one that is killed before it can say whose state it keeps is left behind, with nothing in it
        found = [run for run in open_store(address).runs() if open_store(address).metrics(run)]
        assert len(found) == 1
        assert_whole(found[0], address)
    assert examine(str(store), datetime.now(UTC), fix=True).healthy


def is_complete(store: Path) -> bool:
    """What an exit code does not tell: a run may be killed after it has written its end."""
    return any(run.status == "COMPLETED" for run in open_store(str(store)).runs())


def start(folder: Path, address: str, seconds: float, number: int) -> None:
    """One process of the run, which the signal ends if it takes longer."""
    place = {"TRACKER_CHECKPOINT": str(folder / "runs" / "_checkpoints" / "key"), "TRACKER_STORE": address}
    with subprocess.Popen(
        [sys.executable, "mine.py", "with", "seed=1"],
        cwd=folder, env={**os.environ, **place}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode != 1, errors


def assert_whole(run: Run, address: str) -> None:
    store, values = open_store(address), [0.999]
    while len(values) < len(STEPS):
        values.append(values[-1] * 0.999)
    assert run.status == "COMPLETED"
    loss, counted = store.series(run, "loss"), store.series(run, "counted")
    assert list(loss.steps) == STEPS
    assert list(loss.values) == values
    assert [list(counted.steps), list(counted.values)] == [list(range(400)), STEPS]
    assert list(store.series(run, "seldom").steps) == STEPS[::20]
