"""The optimiser of a run, over the parameters that learn."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer

from experiments.training.settings import TrainSettings


def make_optimizer(settings: TrainSettings, parameters: Iterable[Parameter]) -> Optimizer:
    """The optimiser that the settings name, over these parameters, all of them with weight decay."""
    return OPTIMIZERS[settings.optimizer](settings, list(parameters))


def _sgd(settings: TrainSettings, parameters: list[Parameter]) -> Optimizer:
    return SGD(
        parameters,
        lr=settings.scaled_lr,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
    )


def _adam(settings: TrainSettings, parameters: list[Parameter]) -> Optimizer:
    """Weight decay is L2: it goes through the moments; `momentum` is SGD's alone."""
    return Adam(parameters, lr=settings.scaled_lr, weight_decay=settings.weight_decay)


def _adamw(settings: TrainSettings, parameters: list[Parameter]) -> Optimizer:
    """Weight decay is decoupled: it shrinks the weights directly."""
    return AdamW(parameters, lr=settings.scaled_lr, weight_decay=settings.weight_decay)


OPTIMIZERS: dict[str, Callable[[TrainSettings, list[Parameter]], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}
