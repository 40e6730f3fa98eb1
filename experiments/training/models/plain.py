"""Networks of other kinds, of the same parts in the same order: no shortcuts, no strides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

from torch import Tensor, nn

from experiments.training.models.blocks import BLOCKS
from experiments.training.models.design import Design
from experiments.training.models.resnet import ResNet

SIDE = 16  # pixels of the image that a perceptron sees, averaged: its weights do not grow with the image


class Vgg(ResNet):
    """Pairs of 3x3 convolutions with max pooling between the stages (Simonyan & Zisserman 2015)."""

    pool: Callable[[], nn.Module] = partial(nn.MaxPool2d, 2)

    def stage(self, blocks: int, before: int, after: int, design: Design) -> nn.Sequential:
        """Blocks of one width, behind the pooling where the width grows."""
        pool = [self.pool()] if before != after else []
        block = BLOCKS[design.norm_place]
        widths = [before, *[after] * blocks]
        pairs = [block(one, other, 1, design) for one, other in pairwise(widths)]
        return nn.Sequential(*pool, *pairs)


class Perceptron(Vgg):
    """Fully connected layers over all pixels at once.

    A layer is a 1x1 convolution of an image of one pixel, so that every normalisation has its place;
    BatchNorm2d over one pixel is BatchNorm1d.
    """

    inputs = 3 * SIDE**2
    pool = nn.Identity

    def __init__(self, blocks: int, width: int, classes: int, design: Design) -> None:
        super().__init__(blocks, width, classes, _Connected(**vars(design)))
        self.flatten = nn.Sequential(nn.AdaptiveAvgPool2d(SIDE), nn.Flatten(), nn.Unflatten(1, (-1, 1, 1)))

    def features(self, images: Tensor) -> Tensor:
        return super().features(self.flatten(images))


@dataclass(frozen=True)
class _Connected(Design):
    """Every convolution is one of a single pixel."""

    def convolution(self, before: int, after: int, side: int = 1, stride: int = 1) -> nn.Module:  # noqa: ARG002
        return super().convolution(before, after, side=1)
