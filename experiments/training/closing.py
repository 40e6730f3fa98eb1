"""What comes after the last epoch: statistics made precise, features looked at, the test set once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from itertools import islice

from torch import Tensor

from experiments.training.averaging import take_average
from experiments.training.batches import Batches
from experiments.training.data import Dataset
from experiments.training.ensemble import evaluate_together
from experiments.training.evaluate import evaluate
from experiments.training.measures.look import Look
from experiments.training.measures.table import at_end
from experiments.training.norms import batchnorm_layers
from experiments.training.removal import (
    BATCHNORM_COLUMNS,
    THRESHOLDS,
    batchnorm_rows,
    features_removed,
    share_below,
)
from experiments.training.results import Measured, Result, Table, TestResult
from experiments.training.state import TrainState, batches_of
from experiments.training.statistics import make_precise, normalising_by_batch

AVERAGE_IMAGES = 10_000  # at most, that give averaged weights their statistics


def close(look: Look) -> Iterator[Result]:
    """Everything that is measured once, at the end; the test images come last and decide nothing."""
    state, dataset, training = look.state, look.dataset, look.training
    settings, model = state.settings, state.model
    if state.average is not None:
        images = _images(training, settings.forward_batch)
        take_average(state.average, model, islice(images, AVERAGE_IMAGES // settings.forward_batch + 1))
    if settings.precise_images:
        size = min(settings.forward_batch, settings.precise_images)
        make_precise(model, islice(_images(training, size), settings.precise_images // size))
    if batchnorm_layers(model):
        yield from _looked_at(state, look.validation)
    yield from at_end(look)
    if state.snapshots:
        yield _tested_together(state, dataset)
    yield _tested(state, dataset)


def _looked_at(state: TrainState, validation: Batches) -> Iterator[Result]:
    """How much of the network BatchNorm has switched off, and what it is without that."""
    model, settings = state.model, state.settings
    numbers = {f"removal.share_{threshold:g}": share_below(model, threshold) for threshold in THRESHOLDS}
    for threshold in THRESHOLDS if validation else ():
        with features_removed(model, threshold):
            size, fold = settings.eval_batch_size, settings.fold_batchnorm
            score = evaluate(model, validation, size, state.precision, fold=fold)
        numbers[f"removal.accuracy_{threshold:g}"] = score.accuracy
    yield Measured(state.step, numbers)
    yield Table("batchnorm", BATCHNORM_COLUMNS, tuple(batchnorm_rows(model)))


def _tested(state: TrainState, dataset: Dataset) -> TestResult:
    """The test images, once, with the statistics that the settings ask for."""
    settings, model = state.settings, state.model
    test = batches_of(dataset, dataset.test, settings, state.device)
    size = settings.test_batch_size or settings.eval_batch_size
    if settings.test_statistics == "adapted":
        make_precise(model, _images(test, size))
    by_batch = settings.test_statistics == "batch"
    statistics: AbstractContextManager[None] = normalising_by_batch(model) if by_batch else nullcontext()
    with statistics:
        fold = settings.fold_batchnorm
        tested = evaluate(model, test, size, state.precision, settings.test_views, fold=fold)
    return TestResult(state.step, tested.loss, tested.accuracy, tested.correct, tested.images)


def _tested_together(state: TrainState, dataset: Dataset) -> Measured:
    """The test images by all snapshots, which were chosen by the schedule before the run began."""
    test = batches_of(dataset, dataset.test, state.settings, state.device)
    size, fold = state.settings.eval_batch_size, state.settings.fold_batchnorm
    score = evaluate_together(state.model, state.snapshots, test, size, state.precision, fold=fold)
    numbers = {"ensemble.accuracy": score.accuracy, "ensemble.loss": score.loss}
    return Measured(state.step, {**numbers, "ensemble.networks": len(state.snapshots)})


def _images(batches: Batches, size: int) -> Iterator[Tensor]:
    return (images for images, _labels in batches.mixed(size))
