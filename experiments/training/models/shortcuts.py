"""What goes past a block: the identity where shapes agree; shortcuts differ in what they do elsewhere."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from experiments.training.models.design import Design

Shortcut: TypeAlias = Callable[[int, int, int, Design], nn.Module | None]  # before, after, stride, design


class Subsample(nn.Module):
    """Every stride-th pixel, with channels of zeros behind the channels that there are."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.extra, self.stride = after - before, stride

    def forward(self, images: Tensor) -> Tensor:
        return pad(images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


class Scaled(nn.Module):
    """A shortcut times a number that learns, which starts at one."""

    def __init__(self, shortcut: nn.Module) -> None:
        super().__init__()
        self.path = shortcut
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        scaled: Tensor = self.path(images) * self.scale
        return scaled


def without_parameters(before: int, after: int, stride: int, design: Design) -> nn.Module:  # noqa: ARG001
    """He et al.'s option A."""
    return nn.Identity() if before == after else Subsample(before, after, stride)


def with_projection(before: int, after: int, stride: int, design: Design) -> nn.Module:
    """He et al.'s option B; a block that normalises first has no norm on the way past it."""
    if before == after:
        return nn.Identity()
    conv = design.convolution(before, after, side=1, stride=stride)
    if design.norm_place == "preactivation":
        return nn.Sequential(OrderedDict(conv=conv))
    return design.sequence(OrderedDict(conv=conv, norm=design.norm.layer(after)))


def with_scale(before: int, after: int, stride: int, design: Design) -> nn.Module:
    """Option B, each shortcut times a number that learns."""
    return Scaled(with_projection(before, after, stride, design))


def no_shortcut(before: int, after: int, stride: int, design: Design) -> None:
    """A plain network."""


SHORTCUTS: dict[str, Shortcut] = {
    "A": without_parameters,
    "B": with_projection,
    "scaled": with_scale,
    "none": no_shortcut,
}
