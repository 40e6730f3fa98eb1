"""A tiny network with images, and optimisers that have moments and weight decay."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer

from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.settings import TrainSettings

IMAGES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(8) % 10
OPTIMIZERS: dict[str, Callable[[list[nn.Parameter]], Optimizer]] = {
    "sgd": lambda parameters: SGD(parameters, lr=0.1, momentum=0.9, weight_decay=1e-4),
    "adam": lambda parameters: Adam(parameters, lr=0.01),
    "adamw": lambda parameters: AdamW(parameters, lr=0.01, weight_decay=0.1),
}


def network(**given: object) -> ResNet:
    """Of eight layers, four channels wide, unless the settings say otherwise."""
    return build_model(TrainSettings.from_config({"depth": 8, "width": 4, **given}), 10)
