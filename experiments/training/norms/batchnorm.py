"""Batch normalisation that can be frozen, or that sees a part of the batch at a time."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm


class FreezableBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that stays in eval mode, with its statistics as they are, once it is frozen."""

    # An attribute of the layer, not a patched method: a deep copy is then frozen for itself.
    frozen = False

    def train(self, mode: bool = True) -> FreezableBatchNorm2d:
        return super().train(mode and not self.frozen)

    def reset_running_stats(self) -> None:
        if not self.frozen:  # torch's update_bn resets every BatchNorm, in eval mode too
            super().reset_running_stats()


class GhostBatchNorm2d(FreezableBatchNorm2d):
    """Batch normalisation over `ghost_size` samples at a time (Hoffer et al. 2017).

    The running statistics follow every such part, one after the other; a batch of fewer samples is one part.
    """

    def __init__(self, channels: int, ghost_size: int, momentum: float | None = 0.1) -> None:
        super().__init__(channels, momentum=momentum)
        self.ghost_size = ghost_size

    def forward(self, images: Tensor) -> Tensor:
        if not self.training:
            return super().forward(images)
        parts = torch.split(images, self.ghost_size)
        return torch.cat([super(GhostBatchNorm2d, self).forward(part) for part in parts])


def batchnorm_layers(model: nn.Module) -> dict[str, _BatchNorm]:
    """The BatchNorm layers of any kind, by name, in the order of the network."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, _BatchNorm)}
