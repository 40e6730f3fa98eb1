"""Batch normalisation written out from the paper, to be read beside torch's (Ioffe & Szegedy 2015).

It equals torch.nn.BatchNorm1d and BatchNorm2d in outputs, gradients and buffers; tests hold it to that.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class BatchNormByHand(nn.Module):
    """Normalises channel by channel over all other dimensions: (n, channels) or (n, channels, H, W)."""

    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float | None = 0.1) -> None:
        super().__init__()
        self.eps, self.momentum = eps, momentum
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("running_mean", torch.zeros(channels))
        self.register_buffer("running_var", torch.ones(channels))
        self.register_buffer("num_batches_tracked", torch.tensor(0))

    def forward(self, inputs: Tensor) -> Tensor:
        """The normalised inputs, times a scale, plus a shift."""
        if self.training:
            mean, variance = self._of_this_batch(inputs)
        else:
            mean, variance = self.running_mean, self.running_var
        normalised = (inputs - _by_channel(mean, inputs)) / torch.sqrt(
            _by_channel(variance, inputs) + self.eps
        )
        return normalised * _by_channel(self.weight, inputs) + _by_channel(self.bias, inputs)

    def _of_this_batch(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and variance over everything but channels; gradients flow through both.

        The variance that normalises divides by n; the one that is remembered divides by n - 1.
        """
        others = [dimension for dimension in range(inputs.dim()) if dimension != 1]
        mean = inputs.mean(dim=others)
        variance = inputs.var(dim=others, correction=0)
        self._remember(mean.detach(), inputs.detach().var(dim=others, correction=1))
        return mean, variance

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        """Detached, because a buffer that kept its graph would keep every batch there ever was."""
        self.num_batches_tracked += 1
        newest = 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean += newest * (mean - self.running_mean)
        self.running_var += newest * (variance - self.running_var)


def _by_channel(numbers: Tensor, inputs: Tensor) -> Tensor:
    """One number a channel, in the shape of the inputs: the second dimension, never the last."""
    return numbers.view(1, -1, *(1 for _ in inputs.shape[2:]))
