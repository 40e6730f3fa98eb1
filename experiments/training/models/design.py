"""What the parts of a network have in common: normalisation, its place, activation, dropout, shortcut."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, relu, silu

from experiments.training.norms import NORMS, Norm
from experiments.training.settings import TrainSettings

Activation: TypeAlias = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Activation] = {
    "relu": relu,
    "gelu": gelu,
    "silu": silu,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class Design:
    """How every convolution of a network is built."""

    norm: Norm
    norm_place: str = "before"  # of the activation; after it; or preactivation
    activation: str = "relu"
    dropout: float = 0.0  # share of the channels that a block drops between its convolutions
    shortcut: str = "B"

    @property
    def activate(self) -> Activation:
        """The activation as a function."""
        return ACTIVATIONS[self.activation]

    def convolution(self, before: int, after: int, side: int = 3, stride: int = 1) -> nn.Module:
        """A convolution as the norm wants it; where no mean is taken away at once, it has a bias."""
        bias = self.norm.bias or self.norm_place == "after"
        conv = nn.Conv2d(before, after, side, stride=stride, padding=side // 2, bias=bias)
        return self.norm.reparametrise(conv)

    def drop(self) -> nn.Module:
        """What a block drops between its convolutions."""
        return nn.Dropout2d(self.dropout) if self.dropout else nn.Identity()


def design_of(settings: TrainSettings) -> Design:
    """The design that the settings ask for."""
    return Design(
        NORMS[settings.norm](settings),
        settings.norm_place,
        settings.activation,
        settings.dropout,
        settings.shortcut,
    )
