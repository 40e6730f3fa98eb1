"""Residual networks for small images (He et al. 2016, section 4.2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from torch import Tensor, nn
from torch.nn.functional import pad, relu

from experiments.training.norms import Norm

STAGES = 3

Shortcut: TypeAlias = Callable[[int, int, int, Norm], nn.Module | None]  # before, after, stride, norm


class ResNet(nn.Module):
    """A stem, three stages of basic blocks with width, 2 width and 4 width channels, a linear output."""

    def __init__(self, blocks: int, width: int, classes: int, shortcut: Shortcut, norm: Norm) -> None:
        super().__init__()
        self.stem = normalised_convolution(norm, 3, width, side=3)
        self.stages = nn.Sequential()
        before = width
        for stage in range(STAGES):
            after = width * 2**stage
            self.stages.append(_stage(blocks, before, after, shortcut, norm))
            before = after
        self.output = nn.Linear(before, classes)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.stages(relu(self.stem(images)))
        logits: Tensor = self.output(features.mean(dim=(2, 3)))
        return logits


class Block(nn.Module):
    """Two 3x3 convolutions; the shortcut goes past both, to the last ReLU."""

    def __init__(self, before: int, after: int, stride: int, shortcut: Shortcut, norm: Norm) -> None:
        super().__init__()
        self.conv1, self.norm1 = norm(_convolution(before, after, side=3, stride=stride))
        self.conv2, self.norm2 = norm(_convolution(after, after, side=3))
        self.shortcut = shortcut(before, after, stride, norm)

    def forward(self, images: Tensor) -> Tensor:
        hidden = relu(self.norm1(self.conv1(images)))
        hidden = self.norm2(self.conv2(hidden))
        if self.shortcut is not None:
            hidden = hidden + self.shortcut(images)
        return relu(hidden)


class Subsample(nn.Module):
    """Every stride-th pixel, with channels of zeros behind the channels that there are."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.extra, self.stride = after - before, stride

    def forward(self, images: Tensor) -> Tensor:
        return pad(images[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.extra))


def normalised_convolution(norm: Norm, before: int, after: int, side: int, stride: int = 1) -> nn.Sequential:
    """A convolution, then what the norm puts after it, as `conv` and `norm`."""
    conv, layer = norm(_convolution(before, after, side, stride))
    return nn.Sequential(OrderedDict(conv=conv, norm=layer))


def _convolution(before: int, after: int, side: int, stride: int = 1) -> Callable[..., nn.Conv2d]:
    return partial(nn.Conv2d, before, after, side, stride=stride, padding=side // 2)


def _stage(blocks: int, before: int, after: int, shortcut: Shortcut, norm: Norm) -> nn.Sequential:
    """Blocks of one width; the first halves the image where the width grows."""
    first = Block(before, after, 1 if before == after else 2, shortcut, norm)
    return nn.Sequential(first, *(Block(after, after, 1, shortcut, norm) for _ in range(blocks - 1)))


# ---------------------------------------------------------------------------------------------------
# Shortcuts: the identity where shapes agree; they differ in what they do where shapes change


def _without_parameters(before: int, after: int, stride: int, norm: Norm) -> nn.Module:  # noqa: ARG001
    return nn.Identity() if before == after else Subsample(before, after, stride)


def _with_projection(before: int, after: int, stride: int, norm: Norm) -> nn.Module:
    if before == after:
        return nn.Identity()
    return normalised_convolution(norm, before, after, side=1, stride=stride)


def _no_shortcut(before: int, after: int, stride: int, norm: Norm) -> None:  # noqa: ARG001
    return None


SHORTCUTS: dict[str, Shortcut] = {
    "A": _without_parameters,
    "B": _with_projection,
    "none": _no_shortcut,
}
