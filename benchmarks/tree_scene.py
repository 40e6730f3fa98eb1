"""Runs for benchmarks of the tree: many questions, each of eight values and five seeds."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.journal.identity import new_uuid
from tracker.journal.writer import RunJournal
from tracker.run import Run

VALUES = (0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10)
SEEDS = (1, 2, 3, 4, 5)
RUNS_OF_A_QUESTION = len(VALUES) * len(SEEDS)
METRICS = ("test.accuracy", "test.loss", "validation.accuracy", "validation.loss", "train.loss")
METRIC = METRICS[0]
EPOCHS = 20
START = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 12, 1, tzinfo=UTC)  # when all has ended
HOST = {"hostname": "here", "cpu": "of eight cores", "os": ["Linux", "6.1"], "python_version": "3.12.0"}
META = {"command": "main", "options": {f"--option{at}": None for at in range(20)}}
SETTINGS = {f"setting{at}": at / 2 for at in range(14)} | {"schedule": "cosine", "augment": True}

HEAD = """\
version: 1
project: benchmark
metric: {{name: {metric}, reduce: last, goal: maximize, unit: "%", sesoi: 0.5}}
defaults: {{experiment: tiny, seeds: [{seeds}]}}
tree:
"""
QUESTION = """\
  - id: q{at}
    question: Does it change with the learning rate at width {at}?
    parameter: lr
    values: [{values}]
    baseline: 0.1
    setup: {{width: {at}}}
"""


def questions_text(runs: int) -> str:
    """The YAML whose questions so many runs answer."""
    values, seeds = (", ".join(map(str, listed)) for listed in (VALUES, SEEDS))
    asked = (QUESTION.format(at=at, values=values) for at in range(runs // RUNS_OF_A_QUESTION))
    return HEAD.format(metric=METRIC, seeds=seeds) + "".join(asked)


def configs(runs: int) -> Iterator[dict[str, Any]]:
    """The configuration of each run, twenty settings."""
    for at in range(runs):
        width, place = divmod(at, RUNS_OF_A_QUESTION)
        value, seed = divmod(place, len(SEEDS))
        yield {"seed": SEEDS[seed], "lr": VALUES[value], "width": width, "depth": 20, **SETTINGS}


def skill(at: int) -> float:
    """The accuracy of a run: noise of one point around what its value gives."""
    return 90 + at % RUNS_OF_A_QUESTION // len(SEEDS) % 3 + random.Random(at).gauss(0, 1)


def fetched_runs(runs: int) -> tuple[list[Run], dict[int | str, float]]:
    """The runs as a store gives them, with their skills, all in memory."""
    found = [_run(at, config) for at, config in enumerate(configs(runs))]
    return found, {run.id: skill(at) for at, run in enumerate(found)}


def write_runs(store: Path, runs: int, first: int = 0) -> None:
    """The runs as folders, by the journal that every run is recorded with."""
    for at, config in enumerate(configs(first + runs)):
        if at >= first:
            _write(store, at, config)


def write_rerun(store: Path, at: int) -> None:
    """One run more: the first one again, so that a question is answered anew."""
    _write(store, at, next(configs(1)))


def without_syncing() -> None:
    """Spares this process the waits for the disk: nobody pulls the plug of a benchmark."""
    os.fsync = lambda _: None  # type: ignore[assignment]


def _run(at: int, config: dict[str, Any]) -> Run:
    began = START + timedelta(seconds=at)
    ended = began + timedelta(seconds=90)
    facts = {"uuid": new_uuid(), "questions": [f"q{config['width']}"], "elapsed": 90.0}
    return Run(
        id=at + 1, experiment="tiny", status="COMPLETED", config=config, seed=config["seed"], command="main",
        started=began, heartbeat=ended, stopped=ended, info={"tracker": facts}, host=HOST, meta=META,
    )  # fmt: skip


def _write(store: Path, at: int, config: dict[str, Any]) -> None:
    began = START + timedelta(seconds=at)
    record = {"experiment": {"name": "tiny"}, "command": "main", "config": config, "host": HOST, "meta": META}
    journal = RunJournal.start(store, record, now=began, wanted=at + 1)
    journal.note_facts({"questions": [f"q{config['width']}"]})
    first = int(began.timestamp() * 1e6)
    for name in METRICS:
        values = [skill(at) * (epoch + 1) / EPOCHS for epoch in range(EPOCHS)]
        journal.add_points(name, range(EPOCHS), values, range(first, first + EPOCHS))
    journal.flush()
    journal.end("COMPLETED", began + timedelta(seconds=90), result=skill(at), elapsed=90.0)
