"""What the parts of a network have in common: normalisation, its place, activation, dropout, shortcut."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.functional import gelu, relu, silu

from experiments.training.models.lean import Activation, LeanConv2d, LeanSequential, Pass, leanly, plainly
from experiments.training.norms import NORMS, Norm
from experiments.training.settings import TrainSettings

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
    lean: bool = False  # keep as little as the backward pass needs

    @property
    def activate(self) -> Activation:
        """The activation as a function."""
        return ACTIVATIONS[self.activation]

    @property
    def passed(self) -> Pass:
        """How images pass a convolution, its normalisation, activation."""
        return leanly if self.lean else plainly

    @property
    def sequence(self) -> type[nn.Sequential]:
        """The same as a layer."""
        return LeanSequential if self.lean else nn.Sequential

    def convolution(self, before: int, after: int, side: int = 3, stride: int = 1) -> nn.Module:
        """A convolution as the norm wants it; where no mean is taken away at once, it has a bias."""
        bias = self.norm.bias or self.norm_place == "after"
        kind = LeanConv2d if self.lean else nn.Conv2d
        conv = kind(before, after, side, stride=stride, padding=side // 2, bias=bias)
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
        settings.save_memory,
    )
