"""What trainings really record, found out by tiny ones in memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from experiments.recorded import facts_of, metrics_of
from experiments.training import loop
from experiments.training.data import Dataset, ImageSet
from experiments.training.results import Picture, Table
from experiments.training.settings import TrainSettings
from experiments.training.tables import names_in

TINY = {"depth": 8, "width": 4, "epochs": 1, "batch_size": 16, "device": "cpu", "precision": "fp32"}
TRAININGS: tuple[dict[str, Any], ...] = (  # that together record everything there is
    {"epochs": 2, "log_every": 1, "measure": "+".join(names_in("measures/table.py", "MEASURES"))},
    {"schedule": "restarts", "epochs": 3, "cycles": 2, "snapshots": True},
)


@dataclass(frozen=True)
class Recorded:
    """The names of metrics, of files, and of facts under `info.training`."""

    metrics: frozenset[str]
    files: frozenset[str]
    records: frozenset[str]


@cache
def recorded() -> Recorded:
    """Everything that a training can record."""
    metrics: set[str] = set()
    files: set[str] = set()
    records: set[str] = set()
    dataset = _dataset()
    for changes in TRAININGS:
        state = loop.start(TrainSettings.from_config({**TINY, **changes}), dataset)
        records.update(facts_of(state, dataset, resumed=False))
        for result in loop.train(state, dataset):
            metrics.update(metrics_of(result))
            files.update([f"{result.name}.csv"] if isinstance(result, Table) else [])
            files.update([f"{result.name}.png"] if isinstance(result, Picture) else [])
    return Recorded(frozenset(metrics), frozenset(files), frozenset(records))


def _dataset() -> Dataset:
    def images(number: int) -> ImageSet:
        random = np.random.default_rng(number)
        pixels = random.integers(0, 256, (number, 16, 16, 3), dtype=np.uint8)
        return ImageSet(pixels, np.arange(number, dtype=np.int64) % 4)

    return Dataset(
        name="noise", classes=("a", "b", "c", "d"), train=images(48), validation=images(16), test=images(12),
        mean=(0.5, 0.5, 0.5), std=(0.3, 0.3, 0.3), split_hash="", note="",
    )  # fmt: skip
