"""How fast runs are trained, measured by training them for a moment."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from experiments.training.at_once.loop import train_at_once
from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import Result, StepResult
from experiments.training.settings import TrainSettings

STEPS = 20  # between two looks at the clock, each of which waits for the device
LOOKS = 4  # that count; what comes before the first warms up


def pace(runs: Sequence[TrainSettings], dataset: Dataset, looks: int = LOOKS) -> float:
    """Images a second that runs of one setting train with, counted over all; one run trains by itself.

    The networks are thrown away. Raises SettingsError.
    """
    steps = max(1, min(STEPS, len(dataset.train.labels) // runs[0].batch_size // (looks + 1)))
    begun = [replace(run, log_every=steps, epochs=max(run.epochs, looks + 1)) for run in runs]
    reports = (result for result in _results(begun, dataset) if isinstance(result, StepResult))
    list(islice(reports, len(runs)))
    began = time.perf_counter()
    count = sum(1 for _ in islice(reports, looks * len(runs)))
    return count * steps * runs[0].batch_size / (time.perf_counter() - began)


def _results(runs: Sequence[TrainSettings], dataset: Dataset) -> Iterator[Result]:
    states = [start(settings, dataset) for settings in runs]
    if len(states) == 1:
        return train(states[0], dataset)
    return (result for _, result in train_at_once(states, dataset))
