"""The training loop: a network, images in, results out."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import nullcontext

from experiments.training.around import Around, check_losses, diverged
from experiments.training.batches import Batches
from experiments.training.compiling import Compiled, is_compiled
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError
from experiments.training.resizing import sized
from experiments.training.results import Result, StepResult
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of, start
from experiments.training.step import take_step

__all__ = ["TrainState", "start", "train"]


def train(state: TrainState, dataset: Dataset) -> Iterator[Result]:
    """Train from where the state is to its last epoch, then test once; the state changes along the way.

    Yields a StepResult every `log_every` steps, an EpochResult after every epoch; at the end what is measured
    once, a TestResult last.
    A loss that is not finite ends it with Diverged instead.
    """
    try:
        yield from _train(state, dataset)
    except NonFiniteLossError as error:
        yield diverged(state, error)


def _train(state: TrainState, dataset: Dataset) -> Iterator[Result]:
    training = batches_of(dataset, dataset.train, state.settings, state.device)
    around = Around(state, dataset, training)
    yield from around.begin()
    if is_compiled(state, dataset):
        state.compiled = Compiled(state)
    while state.epoch < state.settings.epochs:
        tally = Tally()
        lr = yield from one_pass(around, training, tally)
        yield from around.end_epoch(tally, lr)
    yield from around.close()


def one_pass(around: Around, training: Batches, tally: Tally) -> Generator[Result, None, float]:
    """Over the training images, in the order that this epoch of this seed has; the last learning rate.

    Nothing in it waits for the device, where that is not the CPU, unless steps are to be reported.
    """
    state, settings, reported = around.state, around.state.settings, 0
    state.model.train()
    for images, labels in training.epoch(settings.batch_size, settings.seed, state.epoch, settings.augment):
        with around.guards.first_step() if state.step == 0 else nullcontext():
            lr = take_step(state, sized(images, state), labels, tally, around.guards)
        if settings.log_every and state.step % settings.log_every == 0:
            check_losses(state, tally)
            recent, reported = tally.score(since=reported), len(tally)
            yield StepResult(state.step, state.epoch + 1, recent.loss, recent.accuracy, lr)
    return lr
