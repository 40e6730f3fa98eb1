"""Training steps with a rate that rises until the loss diverges, without a trace."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, count, islice
from typing import TypeAlias

from experiments.training.batches import Batch
from experiments.training.data import Dataset
from experiments.training.evaluate import NonFiniteLossError
from experiments.training.finder.settings import FinderSettings
from experiments.training.guards import Guards
from experiments.training.modes import rehearsing
from experiments.training.resizing import sized
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of
from experiments.training.step import take_step
from experiments.training.trial import trial_of


@dataclass(frozen=True)
class Tried:
    """A step that was made with a rate: the loss is that of the batch before the step."""

    step: int  # from 1
    lr: float  # the setting; `lr_rule` and layer-wise rates have followed it as in training
    loss: float
    smoothed: float


@dataclass(frozen=True)
class Diverged:
    """The rate at which the loss has left, and with it the search ends."""

    step: int
    lr: float
    layer: (
        str  # the first with an output that is not finite; "" where the loss is only too high, or not known
    )
    finite: bool


Trial: TypeAlias = Tried | Diverged


def search(state: TrainState, settings: FinderSettings, dataset: Dataset) -> Iterator[Trial]:
    """Try rates from the lowest to the highest, or until the loss diverges.

    Weights, buffers, gradients, modes and random numbers are those of before when it ends, and the state's
    own optimiser is not touched; BatchNorm that is frozen stays so in between.
    """
    trial = trial_of(state, replace(settings, lr=1.0), settings.rate)
    guards, losses = Guards(trial), _Smoothed(settings.loss_smoothing)
    with rehearsing(state.model):
        state.model.train()
        for number, (images, labels) in enumerate(_batches(state, settings, dataset)):
            tally, lr = Tally(), settings.rate(number)
            try:
                take_step(trial, sized(images, trial), labels, tally, guards)
                loss = tally.score().loss
                if not math.isfinite(loss):  # on an accelerator no step looks at its loss itself
                    raise NonFiniteLossError(layer="")
            except NonFiniteLossError as error:
                yield Diverged(number + 1, lr, error.layer, finite=False)
                return
            smoothed = losses.after(loss)
            yield Tried(number + 1, lr, loss, smoothed)
            if smoothed > settings.diverged_at * losses.lowest:
                yield Diverged(number + 1, lr, "", finite=True)
                return


def _batches(state: TrainState, settings: FinderSettings, dataset: Dataset) -> Iterator[Batch]:
    """As many batches as there are steps, in the order in which training sees them."""
    training = batches_of(dataset, dataset.train, settings, state.device)
    size, seed, augment = settings.batch_size, settings.seed, settings.augment
    epochs = (training.epoch(size, seed, epoch, augment) for epoch in count())
    return islice(chain.from_iterable(epochs), settings.steps)


class _Smoothed:
    """The mean of losses, of which older ones count less and less; the first ones are not drawn to zero."""

    def __init__(self, smoothing: float) -> None:
        self._smoothing = smoothing
        self._sum = self._weights = 0.0
        self.lowest = math.inf

    def after(self, loss: float) -> float:
        """The mean once this loss has come."""
        self._sum = self._smoothing * self._sum + loss
        self._weights = self._smoothing * self._weights + 1
        mean = self._sum / self._weights
        self.lowest = min(self.lowest, mean)
        return mean
