"""The features that BatchNorm has switched off: how many there are, what the network is without them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from experiments.training.norms import batchnorm_layers

THRESHOLDS = (0.001, 0.01, 0.1)  # sizes of a scale; 0.01 is Frankle, Schwab & Morcos's


def share_below(model: nn.Module, threshold: float) -> float:
    """The percentage of BatchNorm's scales whose size is below a threshold."""
    scales = torch.cat([layer.weight.detach().abs() for layer in batchnorm_layers(model).values()])
    return 100 * (scales < threshold).float().mean().item()


@contextmanager
def features_removed(model: nn.Module, threshold: float) -> Iterator[None]:
    """Inside, scales below the threshold are zero, and so are their shifts: such a feature says nothing."""
    layers = list(batchnorm_layers(model).values())
    before = [(layer.weight.detach().clone(), layer.bias.detach().clone()) for layer in layers]
    with torch.no_grad():
        for layer in layers:
            kept = layer.weight.abs() >= threshold
            layer.weight.mul_(kept)
            layer.bias.mul_(kept)
    try:
        yield
    finally:
        with torch.no_grad():
            for layer, (scale, shift) in zip(layers, before, strict=True):
                layer.weight.copy_(scale)
                layer.bias.copy_(shift)


def batchnorm_rows(model: nn.Module) -> list[tuple[str, int, float, float, float, float]]:
    """Every BatchNorm channel: layer, channel, scale, shift, running mean, running variance."""
    rows = []
    for name, layer in batchnorm_layers(model).items():
        unknown = torch.full_like(layer.weight, math.nan)
        columns = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
        known = (unknown if column is None else column for column in columns)
        numbers = zip(*(column.tolist() for column in known), strict=True)
        rows += [(name, channel, *of_channel) for channel, of_channel in enumerate(numbers)]
    return rows


BATCHNORM_COLUMNS = ("layer", "channel", "scale", "shift", "running_mean", "running_var")
