"""The optimiser of a run, over the parameters that learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch.nn import Parameter
from torch.optim import SGD, Adam, AdamW, Optimizer

from experiments.training.eager import eager
from experiments.training.settings import TrainSettings

Groups: TypeAlias = list[dict[str, Any]]


def make_optimizer(settings: TrainSettings, parameters: Mapping[str, Parameter]) -> Optimizer:
    """The optimiser that the settings name, over parameters by name, all of them with weight decay.

    Its last group learns with `lr` itself.
    """
    return OPTIMIZERS[settings.optimizer](settings, _groups(settings, parameters))


def _groups(settings: TrainSettings, parameters: Mapping[str, Parameter]) -> Groups:
    """One group; or one a layer, in the order of the network, where earlier layers learn more slowly."""
    if settings.layer_lr_decay == 1:
        return [{"params": list(parameters.values())}]
    layers: dict[str, list[Parameter]] = {}
    for name, parameter in parameters.items():
        layers.setdefault(layer_of(name), []).append(parameter)
    lr, decay = settings.scaled_lr, settings.layer_lr_decay
    return [
        {"params": members, "lr": lr * decay**distance}
        for distance, members in zip(reversed(range(len(layers))), layers.values(), strict=True)
    ]


def layer_of(name: str) -> str:
    """The part of the network that a parameter belongs to: the stem, one block, the output."""
    parts = name.split(".")
    return ".".join(parts[:3]) if parts[0] == "stages" else parts[0]


def _sgd(settings: TrainSettings, parameters: Groups) -> Optimizer:
    return eager(SGD)(
        parameters,
        lr=settings.scaled_lr,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
    )


def _adam(settings: TrainSettings, parameters: Groups) -> Optimizer:
    """Weight decay is L2: it goes through the moments; `momentum` is SGD's alone."""
    return eager(Adam)(parameters, lr=settings.scaled_lr, weight_decay=settings.weight_decay)


def _adamw(settings: TrainSettings, parameters: Groups) -> Optimizer:
    """Weight decay is decoupled: it shrinks the weights directly."""
    return eager(AdamW)(parameters, lr=settings.scaled_lr, weight_decay=settings.weight_decay)


OPTIMIZERS: dict[str, Callable[[TrainSettings, Groups], Optimizer]] = {
    "sgd": _sgd,
    "adam": _adam,
    "adamw": _adamw,
}
