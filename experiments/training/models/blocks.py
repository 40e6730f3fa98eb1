"""Two 3x3 convolutions with a shortcut past both, in three orders of normalisation and activation."""

from __future__ import annotations

from collections import OrderedDict
from typing import TypeAlias

from torch import Tensor, nn

from experiments.training.models.design import Design
from experiments.training.models.shortcuts import SHORTCUTS


class Block(nn.Module):
    """Convolution, normalisation, activation; the last activation comes after the sum (He et al. 2016)."""

    def __init__(self, before: int, after: int, stride: int, design: Design) -> None:
        super().__init__()
        self.conv1 = design.convolution(before, after, stride=stride)
        self.norm1 = design.norm.layer(after)
        self.drop = design.drop()
        self.conv2 = design.convolution(after, after)
        self.norm2 = design.norm.layer(after)
        self.shortcut = SHORTCUTS[design.shortcut](before, after, stride, design)
        self.activate = design.activate
        self.passed = design.passed

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.drop(self.passed(self.conv1, self.norm1, self.activate, images))
        past = None if self.shortcut is None else self.shortcut(images)
        return self.passed(self.conv2, self.norm2, self.activate, hidden, past)

    @staticmethod
    def stem(before: int, after: int, design: Design) -> nn.Module:
        """What comes before the first block."""
        return design.sequence(
            OrderedDict(
                conv=design.convolution(before, after),
                norm=design.norm.layer(after),
                activation=Activate(design),
            )
        )

    @staticmethod
    def end(channels: int, design: Design) -> nn.Module:  # noqa: ARG004
        """What comes after the last block."""
        return nn.Identity()


class NormAfterActivation(Block):
    """Convolution, activation, normalisation; nothing comes after the sum."""

    def forward(self, images: Tensor) -> Tensor:
        hidden = self.drop(self.norm1(self.activate(self.conv1(images))))
        hidden = self.norm2(self.activate(self.conv2(hidden)))
        return _sum(hidden, self.shortcut, images)

    @staticmethod
    def stem(before: int, after: int, design: Design) -> nn.Module:
        """What comes before the first block."""
        return nn.Sequential(
            OrderedDict(
                conv=design.convolution(before, after),
                activation=Activate(design),
                norm=design.norm.layer(after),
            )
        )


class Preactivation(nn.Module):
    """Normalisation, activation, convolution; the sum goes on as it is (He et al. 2016b)."""

    def __init__(self, before: int, after: int, stride: int, design: Design) -> None:
        super().__init__()
        self.norm1 = design.norm.layer(before)
        self.conv1 = design.convolution(before, after, stride=stride)
        self.norm2 = design.norm.layer(after)
        self.drop = design.drop()
        self.conv2 = design.convolution(after, after)
        self.shortcut = SHORTCUTS[design.shortcut](before, after, stride, design)
        self.changes_shape = before != after
        self.activate = design.activate

    def forward(self, images: Tensor) -> Tensor:
        ready = self.activate(self.norm1(images))
        hidden = self.drop(self.activate(self.norm2(self.conv1(ready))))
        return _sum(self.conv2(hidden), self.shortcut, ready if self.changes_shape else images)

    @staticmethod
    def stem(before: int, after: int, design: Design) -> nn.Module:
        """What comes before the first block: the block normalises by itself."""
        return nn.Sequential(OrderedDict(conv=design.convolution(before, after)))

    @staticmethod
    def end(channels: int, design: Design) -> nn.Module:
        """What comes after the last block."""
        return nn.Sequential(OrderedDict(norm=design.norm.layer(channels), activation=Activate(design)))


class Activate(nn.Module):
    """The activation of a design as a layer."""

    def __init__(self, design: Design) -> None:
        super().__init__()
        self.activate = design.activate

    def forward(self, images: Tensor) -> Tensor:
        return self.activate(images)


def _sum(hidden: Tensor, shortcut: nn.Module | None, images: Tensor) -> Tensor:
    if shortcut is None:
        return hidden
    past: Tensor = shortcut(images)
    return hidden + past


AnyBlock: TypeAlias = type[Block] | type[Preactivation]

BLOCKS: dict[str, AnyBlock] = {
    "before": Block,
    "after": NormAfterActivation,
    "preactivation": Preactivation,
}
