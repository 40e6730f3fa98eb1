"""What the checks look at: one batch of a training, and a few steps with it that leave no trace."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn

from experiments.training.batches import Batches
from experiments.training.data import Dataset, ImageSet
from experiments.training.evaluate import NonFiniteLossError
from experiments.training.guards import Guards
from experiments.training.losses import LOSSES
from experiments.training.modes import rehearsing
from experiments.training.resizing import sized
from experiments.training.sanity.layers import Layer, watching
from experiments.training.sanity.settings import FEWEST_STEPS, SanitySettings
from experiments.training.score import Tally
from experiments.training.state import TrainState, batches_of
from experiments.training.step import take_step
from experiments.training.trial import trial_of

ZERO_STEPS = 15  # with images of zeros, and as many to compare them with
ZERO_SHARE = 0.7  # of the seconds, by which learning by heart leaves time for zeros
DRAW = 0x73616E65  # keeps this draw apart from others made with the same seed


@dataclass(frozen=True)
class Steps:
    """Some steps with the same batch: the loss before each of them, and how they ended."""

    losses: tuple[float, ...]  # what training makes small
    accuracies: tuple[float, ...]  # in train mode
    guards: dict[str, str]  # what the guards of every training have found, by name
    layers: tuple[Layer, ...]
    late: bool  # whether they ended because the time was over
    bad_layer: str | None = None  # the first that was not finite, where the loss was not; "" where not known


class Subject:
    """A training before its first step. It may be looked at in any order, and stays as it is."""

    def __init__(
        self,
        state: TrainState,
        settings: SanitySettings,
        dataset: Dataset,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self.state, self.settings, self.dataset = state, settings, dataset
        self._spent, self._begun = spent, spent()

    @property
    def model(self) -> nn.Module:
        """The network."""
        return self.state.model

    @cached_property
    def chosen(self) -> ImageSet:
        """The images of the batch as the data set has them."""
        random = np.random.default_rng([DRAW, self.settings.seed])
        rows = random.permutation(len(self.dataset.train.labels))[: self._size]
        return ImageSet(self.dataset.train.images[rows], self.dataset.train.labels[rows])

    @cached_property
    def batches(self) -> Batches:
        """The loader of training, over these images alone."""
        return batches_of(self.dataset, self.chosen, self.settings, self.state.device)

    @cached_property
    def batch(self) -> tuple[Tensor, Tensor]:
        """The images as training sees them without augmentation, and their labels."""
        return next(self.batches.in_order(len(self.chosen.labels)))

    @cached_property
    def by_heart(self) -> Steps:
        """Steps with the batch until it is known by heart."""
        limit = ZERO_SHARE * self.settings.seconds
        most = self.settings.steps if self.state.trainable else 1
        return self._steps(self.batch[0], most, limit, self.loss_floor)

    @cached_property
    def on_zeros(self) -> Steps:
        """Steps with the same labels, and images of zeros."""
        images = torch.zeros_like(self.batch[0])
        return self._steps(images, min(ZERO_STEPS, self.settings.steps), self.settings.seconds, -math.inf)

    @cached_property
    def base_rates(self) -> Tensor:
        """How frequent each class is among all training images, at least one of them."""
        labels = torch.tensor(self.dataset.train.labels)
        return labels.bincount(minlength=len(self.dataset.classes)).clamp(min=1) / len(labels)

    @property
    def loss_floor(self) -> float:
        """The lowest loss that there can be: that of the smoothed labels, where there are some."""
        smoothing, classes = self.settings.label_smoothing, len(self.dataset.classes)
        if self.settings.loss != "cross_entropy" or smoothing == 0:
            return 0.0
        wrong = smoothing / classes
        right = 1 - smoothing + wrong
        return -right * math.log(right) - (classes - 1) * wrong * math.log(wrong)

    def loss_of(self, outputs: Tensor) -> float:
        """The training's mean loss, if these (classes) were its outputs for every image of the batch."""
        labels = torch.tensor(self.chosen.labels)
        every = outputs.float().expand(len(labels), -1)
        return float(LOSSES[self.settings.loss](every, labels, self.settings.label_smoothing).mean())

    @cached_property
    def trial_settings(self) -> SanitySettings:
        """Those of the training for a batch of this size: its own rate, no weight decay."""
        size, part = self._size, self.settings.forward_batch
        return replace(
            self.settings,
            batch_size=size,
            micro_batch_size=part if part < size else 0,
            ghost_size=min(self.settings.ghost_size, part, size),
            lr=self.settings.scaled_lr,
            lr_rule="none",
            weight_decay=0.0,
        )

    @property
    def _size(self) -> int:
        """Images of the batch, so many that passes of training's own size fit."""
        wanted, settings = min(self.settings.images, len(self.dataset.train.labels)), self.settings
        part = min(wanted, settings.forward_batch)
        if settings.norm == "ghost" and part < settings.forward_batch and part > settings.ghost_size:
            part -= part % settings.ghost_size
        return wanted - wanted % part

    def _steps(self, images: Tensor, most: int, limit: float, enough: float) -> Steps:
        trial = trial_of(self.state, self.trial_settings, lambda _step: 1.0)
        losses: list[float] = []
        accuracies: list[float] = []
        layers: tuple[Layer, ...] = ()
        bad_layer: str | None = None
        late = False
        with rehearsing(self.model):
            _train_without_dropout(self.model)
            guards = Guards(trial)
            guards.before_training()
            while len(losses) < most and not late:
                tally, step = Tally(), len(losses)
                try:
                    looking = guards.first_step() if step == 0 else nullcontext()
                    with looking, watching(self.model, step) as watched:
                        take_step(trial, sized(images, trial), self.batch[1], tally, guards)
                    layers = watched.after(layers)
                    if not math.isfinite(tally.score().loss):  # an accelerator does not look at each step
                        raise NonFiniteLossError(layer="")
                except NonFiniteLossError as error:
                    bad_layer = error.layer
                    break
                losses.append(tally.score().loss)
                accuracies.append(tally.score().accuracy)
                known = accuracies[-1] == 100 and losses[-1] - enough < self.settings.tolerance
                if known and len(losses) >= FEWEST_STEPS:
                    break
                late = self._spent() - self._begun > limit
            guards.after_training(None)
            found = {warned.guard: warned.words for warned in guards.told()}
        return Steps(tuple(losses), tuple(accuracies), found, layers, late, bad_layer)


def _train_without_dropout(model: nn.Module) -> None:
    model.train()
    for layer in model.modules():
        if isinstance(layer, nn.Dropout2d):
            layer.eval()
