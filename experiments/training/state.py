"""The state of a run, from its start on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler
from torch.optim.swa_utils import AveragedModel

from experiments.training.averaging import start_average
from experiments.training.batches import Batches
from experiments.training.chosen_weights import choose_weights
from experiments.training.data import Dataset, ImageSet
from experiments.training.models import build_model
from experiments.training.models.initialisation import start_at_base_rates
from experiments.training.models.resnet import STAGES
from experiments.training.norms import initialise_from_data, weight_norm_layers
from experiments.training.optimizer import make_optimizer
from experiments.training.pages import keep_pages
from experiments.training.pitfalls import PITFALLS, Pitfall
from experiments.training.precision import resolve
from experiments.training.schedule import cycle_ends, make_schedule
from experiments.training.setting_checks import OF_BATCHNORM
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.statistics import calibrate, freeze_batchnorm
from experiments.training.taking_over import Weights, take_over
from experiments.training.trainable import freeze, trainable_names

if TYPE_CHECKING:
    from experiments.training.compiling import Compiled

FIXED_IMAGES = 256  # that initialise weight norm, and about as many that compare train mode with eval mode


@dataclass
class TrainState:
    """All that changes in a run, and what was decided at its start."""

    settings: TrainSettings
    model: nn.Module
    optimizer: Optimizer | None  # None where nothing learns, as is the schedule
    schedule: LRScheduler | None
    trainable: frozenset[str]
    device: torch.device
    precision: str  # fp32 or bf16
    split_hash: str
    steps_per_epoch: int
    pitfall: Pitfall = field(default_factory=Pitfall)  # the right way, unless a mistake is asked for
    average: AveragedModel | None = None  # of the weights, to be tested in their place
    snapshots: list[dict[str, Tensor]] = field(default_factory=list)  # the network at the ends of cycles
    memory: dict[str, dict[str, Any]] = field(
        default_factory=dict
    )  # of what is measured, from epoch to epoch
    epoch: int = 0  # epochs done
    step: int = 0  # optimiser steps begun
    compiled: Compiled | None = None  # stands for the model in training steps

    @property
    def total_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return self.settings.epochs * self.steps_per_epoch

    @property
    def cycle_ends(self) -> tuple[int, ...]:
        """The steps after which a cycle of the learning rate is over."""
        return cycle_ends(self.settings, self.total_steps)


def start(settings: TrainSettings, dataset: Dataset, pretrained: Weights | None = None) -> TrainState:
    """A run before its first step; seeds torch, so that a process has one run.

    What is `pretrained` replaces the random start of all but the output layer.
    With trainable="none" there is no optimiser: batches pass, the statistics of BatchNorm follow, no step is
    made. Raises SettingsError.
    """
    device, precision = resolve(settings.device, settings.precision)
    keep_pages(device, settings.save_memory)
    _check_single_values(settings, dataset)
    steps_per_epoch = _steps_per_epoch(settings, dataset)
    torch.manual_seed(settings.seed)
    layout = torch.channels_last if settings.channels_last else torch.contiguous_format
    model = build_model(settings, len(dataset.classes)).to(device).to(memory_format=layout)
    if settings.output_bias == "base_rates":
        start_at_base_rates(model.output, torch.tensor(dataset.train.labels))
    if pretrained is not None:
        take_over(model, pretrained)
    elif weight_norm_layers(model):
        training = batches_of(dataset, dataset.train, settings, device)
        initialise_from_data(model, first_images(training, settings))
    _prepare_statistics(model, settings, dataset, device)

    pitfall = PITFALLS[settings.pitfall]
    pitfall.build(model)
    if settings.trainable == "random":
        choose_weights(model, settings.seed)

    # what learns is decided before the optimiser exists, which never sees the rest
    trainable = trainable_names(model, settings.trainable)
    freeze(model, trainable)
    optimizer = schedule = None
    if trainable:
        learning = {name: parameter for name, parameter in model.named_parameters() if name in trainable}
        optimizer = make_optimizer(settings, learning)
        schedule = make_schedule(optimizer, settings, settings.epochs * steps_per_epoch)
    return TrainState(
        settings,
        model,
        optimizer,
        schedule,
        trainable,
        device,
        precision,
        dataset.split_hash,
        steps_per_epoch,
        pitfall,
        start_average(model, settings),
    )


def batches_of(dataset: Dataset, images: ImageSet, settings: TrainSettings, device: torch.device) -> Batches:
    """One of the data set's image sets on the device, normalised as the training images are."""
    return Batches(images, dataset.mean, dataset.std, device, settings.channels_last)


def fixed_batch(training: Batches, settings: TrainSettings) -> tuple[Tensor, Tensor]:
    """The same training images for a seed, of all classes, not augmented, in chunks as BatchNorm sees them.

    Images (chunks, n, 3, H, W), labels (chunks, n), where n is the batch of a forward pass.
    """
    chunk = settings.forward_batch
    chunks = max(1, min(FIXED_IMAGES, len(training)) // chunk)
    images, labels = _as_they_are(training, settings, chunks * chunk)
    return images.view(chunks, chunk, *images.shape[1:]), labels.view(chunks, chunk)


def first_images(training: Batches, settings: TrainSettings) -> Tensor:
    """The training images that initialise weight norm: many at once, whatever the size of a batch."""
    return _as_they_are(training, settings, min(FIXED_IMAGES, len(training)))[0]


def _as_they_are(training: Batches, settings: TrainSettings, size: int) -> tuple[Tensor, Tensor]:
    """The first images of the first epoch, not augmented, and their labels."""
    return next(iter(training.epoch(size, settings.seed, 0, False)))


def _check_single_values(settings: TrainSettings, dataset: Dataset) -> None:
    """Over one image BatchNorm is InstanceNorm, but over one value there is no variance."""
    side = math.ceil(max(dataset.train.images.shape[1:3]) / 2 ** (STAGES - 1))
    if settings.network == "perceptron":
        side = 1
    follows = settings.norm in OF_BATCHNORM and settings.batchnorm == "train"
    if follows and settings.normalisation_batch == 1 and side == 1:
        raise SettingsError(
            "BatchNorm would see one sample of one pixel at a time, which has no variance; "
            "use larger images, batches of at least 2, or norm=group"
        )


def _steps_per_epoch(settings: TrainSettings, dataset: Dataset) -> int:
    images = len(dataset.train.labels)
    if images < settings.batch_size:
        raise SettingsError(
            f"batch_size={settings.batch_size} is more than the {images} training images of {dataset.name}, "
            "and only whole batches are trained with: use a smaller batch_size or more images"
        )
    return images // settings.batch_size


def _prepare_statistics(
    model: nn.Module, settings: TrainSettings, dataset: Dataset, device: torch.device
) -> None:
    if settings.calibration_batches:
        training = batches_of(dataset, dataset.train, settings, device)
        calibrate(model, islice(_images(training, settings), settings.calibration_batches))
    if settings.batchnorm == "frozen":
        freeze_batchnorm(model)


def _images(training: Batches, settings: TrainSettings) -> Iterator[Tensor]:
    """The images of training batches without end, as training sees them."""
    size, seed, augment = settings.forward_batch, settings.seed, settings.augment
    epochs = (training.epoch(size, seed, epoch, augment) for epoch in count())
    return (images for images, _labels in chain.from_iterable(epochs))
