"""Batch normalisation that takes the mean away and leaves the variance (Salimans & Kingma 2016)."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class MeanOnlyBatchNorm2d(nn.Module):
    """Subtracts each channel's mean over the batch, then adds a bias; eval mode takes the running mean.

    The running mean follows as torch's BatchNorm has it: (1 - momentum) old + momentum new.
    """

    running_mean: Tensor

    def __init__(self, channels: int, momentum: float = 0.1) -> None:
        super().__init__()
        self.momentum = momentum
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))

    def forward(self, images: Tensor) -> Tensor:
        """Images (n, channels, H, W)."""
        if self.training:
            mean = images.mean(dim=(0, 2, 3), dtype=self.running_mean.dtype)
            with torch.no_grad():
                self.running_mean.lerp_(mean, self.momentum)
        else:
            mean = self.running_mean
        return images + (self.bias - mean).to(images.dtype).view(-1, 1, 1)
