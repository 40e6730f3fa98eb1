"""What is measured: every side is a function that runs in a process of its own, with a number for each turn.

    python -m benchmarks.speed.sides train '{"depth": 20, "steps": 20}'

prints {"value": ..., "start": seconds before the first measured thing, "goes_on": true} and does so again for
each line that it reads, where it goes on.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

BATCH = 128
WARM_UP = 5  # steps of each turn that are not counted: while one waits, others take the caches
STEPS_OF_MEMORY = 2  # after the first, the optimiser's own tensors are there
TRAINED = 25_600  # images of an epoch that never ends while one measures

Turns = Iterator[tuple[float, float]]  # of each the number, and when on the clock it began


def main() -> None:
    began = time.perf_counter()
    name, options = sys.argv[1], json.loads(sys.argv[2])
    start = None
    for value, at in SIDES[name](**options):
        start = at - began if start is None else start
        told = {"value": value, "start": start, "goes_on": name not in ONCE}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        if name in ONCE or not sys.stdin.readline():
            return


# ---------------------------------------------------------------------------------------------------
# Ours


def train(steps: int, **changes: Any) -> Turns:
    """Images a second of the training loop, as it is used."""
    from experiments.training.loop import start
    from experiments.training.loop import train as results
    from experiments.training.results import StepResult

    data, settings = _data(TRAINED, 0), _settings(log_every=WARM_UP, **changes)
    points = (one for one in results(start(settings, data), data) if isinstance(one, StepResult))
    while True:
        _rate(points, 1, 0)
        yield _rate(points, steps // WARM_UP, BATCH * WARM_UP)


def evaluate(images: int, batch: int = 128, **changes: Any) -> Turns:
    """Images a second of looking at a set."""
    from experiments.training import evaluate as looking
    from experiments.training.loop import start
    from experiments.training.state import batches_of

    data, settings = _data(BATCH, images), _settings(**changes)
    state = start(settings, data)
    batches = batches_of(data, data.test, settings, state.device)
    while True:
        began = time.perf_counter()
        looking.evaluate(state.model, batches, batch, state.precision)
        yield images / (time.perf_counter() - began), began


def fit(subset: int, epochs: int = 2, **changes: Any) -> Turns:
    """Images a second of a whole run after its first epoch: with validation, record and checkpoint."""
    from experiments.full import experiment

    with tempfile.TemporaryDirectory() as folder:
        os.environ["TRACKER_STORE"] = f"{folder}/runs"
        settings = {
            **{"data": "synthetic", "data_dir": f"{folder}/data", "subset": subset, "test_subset": BATCH},
            **{"shortcut": "A", "batch_size": BATCH, "epochs": epochs, "seed": 1, "device": "cpu"},
            **{"checkpoint": f"{folder}/state.pt", **changes},
        }
        with redirect_stdout(sys.stderr):
            experiment.run(config_updates=settings, options={"--loglevel": "ERROR"})
        metrics = json.loads(next(Path(folder).glob("runs/*/metrics.json")).read_text())
    first, *_, last = map(datetime.fromisoformat, metrics["validation.loss"]["timestamps"])
    steps = metrics["validation.loss"]["steps"]
    since = datetime.now(UTC).replace(tzinfo=None) - first
    began = time.perf_counter() - since.total_seconds()
    yield BATCH * (steps[-1] - steps[0]) / (last - first).total_seconds(), began


def memory(**changes: Any) -> Turns:
    """MiB that two steps need beyond what the process has before them."""
    from experiments.training.loop import start
    from experiments.training.loop import train as results

    for batch in (8, changes.pop("batch_size", BATCH)):  # a first small one loads what computes
        settings = _settings(**{**changes, "log_every": 1, "batch_size": batch})
        data = _data(STEPS_OF_MEMORY * batch, 0)
        state = start(settings, data)
        idle, began = _memory_at("VmRSS"), time.perf_counter()
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
        for _ in islice(results(state, data), STEPS_OF_MEMORY):
            pass
    yield _memory_at("VmHWM") - idle, began


# ---------------------------------------------------------------------------------------------------
# The peer


def peer_train(steps: int, depth: int, frozen: bool = False, script: str = "") -> Turns:
    """Images a second of the peer's recipe on our network; or of its script on its own."""
    from benchmarks.speed import peer

    if script:
        real = peer.Script(Path(script), depth)
        yield from (_at_rate(BATCH * steps, took) for took in real.train(steps, TRAINED))
    passed = peer.train(_network(depth, frozen), peer.training_batches(TRAINED))
    while True:
        _rate(passed, WARM_UP, 0)
        yield _rate(passed, steps, BATCH)


def peer_evaluate(images: int, depth: int, script: str = "") -> Turns:
    """Images a second of the peer's way to look at a set."""
    from benchmarks.speed import peer

    if script:
        real = peer.Script(Path(script), depth)
        while True:
            yield _at_rate(images, real.evaluate(images))
    model, batches = _network(depth), peer.held_out_batches(images)
    while True:
        began = time.perf_counter()
        peer.evaluate(model, batches)
        yield images / (time.perf_counter() - began), began


# ---------------------------------------------------------------------------------------------------


def _rate(news: Iterator[Any], count: int, images: int) -> tuple[float, float]:
    """Images a second, and when it began, of so many items of news that tell of so many images each."""
    began = time.perf_counter()
    items = list(islice(news, count))
    took = time.perf_counter() - began
    if len(items) < count:
        sys.exit(f"the training ended after {len(items)} of {count} items of news")
    return count * images / took, began


def _at_rate(images: int, seconds: float) -> tuple[float, float]:
    """Images a second, and when it began, of what has just ended."""
    return images / seconds, time.perf_counter() - seconds


def _settings(**changes: Any) -> Any:
    from experiments.training.settings import TrainSettings

    return TrainSettings(**{"shortcut": "A", "batch_size": BATCH, "epochs": 100, "device": "cpu", **changes})


def _data(train: int, test: int, validation: int = 0) -> Any:
    from benchmarks.speed.images import noise_data

    return noise_data(train, validation, test)


def _network(depth: int, frozen: bool = False) -> Any:
    """The network of both sides; the peer keeps it as torch lays it out."""
    from experiments.training.models import build_model
    from experiments.training.trainable import freeze, trainable_names

    model = build_model(_settings(depth=depth), classes=10)
    freeze(model, trainable_names(model, "batchnorm" if frozen else "all"))
    return model


def _memory_at(name: str) -> float:
    """MiB that the process has now (VmRSS) or has had at most (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split(f"{name}:")[1].split()[0]) / 1024


SIDES: dict[str, Callable[..., Turns]] = {
    "train": train,
    "evaluate": evaluate,
    "fit": fit,
    "memory": memory,
    "peer train": peer_train,
    "peer evaluate": peer_evaluate,
}
ONCE = ("fit", "memory")  # which take one turn in a process

if __name__ == "__main__":
    main()
