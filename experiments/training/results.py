"""What a training run yields, one frozen record for each kind of news (standard library only)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

# Epochs count from 1, and so do optimiser steps; accuracies are percentages, losses means over images.


@dataclass(frozen=True)
class StepResult:
    """Training since the last StepResult of the same epoch, in train mode on augmented images."""

    step: int
    epoch: int
    loss: float
    accuracy: float
    lr: float  # of the last step


@dataclass(frozen=True)
class EpochResult:
    """An epoch that is over: the moment at which a checkpoint can be saved."""

    epoch: int
    step: int
    lr: float  # of the last step; 0.0 where nothing learns
    train_loss: float  # in train mode on augmented images, while the network was changing
    train_accuracy: float
    train_images: int
    validation_loss: float | None  # None without a validation split
    validation_accuracy: float | None
    validation_images: int
    batchnorm_gap: float | None  # train-mode minus eval-mode loss of fixed images; None: no batch statistics
    train_loss_variance: float | None = None  # of the batches' mean losses; None where there is one batch


@dataclass(frozen=True)
class TestResult:
    """The test set, looked at once, after the last epoch."""

    __test__ = False  # the name is no test for pytest

    step: int
    loss: float
    accuracy: float
    correct: int
    images: int


@dataclass(frozen=True)
class Warned:
    """Something that a guard has found; the training goes on."""

    step: int
    guard: str  # its name, one of those in `guards`
    words: str


@dataclass(frozen=True)
class Measured:
    """Numbers that are looked at once, by the names that they are recorded under."""

    step: int
    numbers: Mapping[str, float]


@dataclass(frozen=True)
class Table:
    """Rows that are kept as a file of the run, for plots and for those who want to look."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float, ...], ...]


@dataclass(frozen=True)
class Picture:
    """A PNG that is kept as a file of the run; `facts` say how its colours are to be read."""

    name: str
    png: bytes
    facts: Mapping[str, str | float]


@dataclass(frozen=True)
class Diverged:
    """A loss that is not finite; nothing comes after it."""

    step: int  # the step whose loss it was, or the step after which an evaluation found it
    epoch: int
    layer: str  # the first module with a non-finite output; "loss" where all are finite; "" where not known


Result: TypeAlias = StepResult | EpochResult | Warned | Measured | Table | Picture | TestResult | Diverged
