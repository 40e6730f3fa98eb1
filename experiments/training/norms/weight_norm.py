"""Weight normalisation started from the data (Salimans & Kingma 2016)."""

from __future__ import annotations

from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import _WeightNorm

from experiments.training.modes import evaluating
from experiments.training.settings import SettingsError


def weight_norm_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers with a weight-normalised `weight`, by name, in the order of the network."""
    return {name: layer for name, layer in model.named_modules() if _has_weight_norm(layer)}


def _has_weight_norm(layer: nn.Module) -> bool:
    if not parametrize.is_parametrized(layer, "weight"):
        return False
    steps = cast(nn.ModuleDict, layer.parametrizations)["weight"]
    return any(isinstance(step, _WeightNorm) for step in steps.children())


def initialise_from_data(model: nn.Module, images: Tensor) -> None:
    """Scale and shift every weight-normalised convolution so that its output on these images is standardised.

    Each channel gets mean 0, where there is a bias, and variance 1: layer by layer in one forward pass in
    eval mode.
    A network without such layers stays as it is.
    Raises SettingsError for a filter that has no direction or a channel that does not vary.
    """
    layers = weight_norm_layers(model)
    if not layers:
        return
    hooks = [layer.register_forward_hook(partial(_standardise, name)) for name, layer in layers.items()]
    try:
        with evaluating(model), torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()


def _standardise(name: str, layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    """The standardised output, after the layer has been changed to give it."""
    weight = cast(nn.ModuleDict, layer.parametrizations)["weight"]
    length, direction = cast(Tensor, weight.original0), cast(Tensor, weight.original1)
    deviation, mean = torch.std_mean(output, dim=(0, 2, 3), correction=0)
    _check_channels(name, direction, deviation, mean)
    length.div_(deviation.reshape(length.shape))
    if layer.bias is None:  # a mean is taken away behind it
        return output / deviation.reshape(-1, 1, 1)
    cast(Tensor, layer.bias).sub_(mean).div_(deviation)
    return (output - mean.reshape(-1, 1, 1)) / deviation.reshape(-1, 1, 1)


def _check_channels(name: str, direction: Tensor, deviation: Tensor, mean: Tensor) -> None:
    lengths = direction.flatten(1).norm(dim=1)
    empty = torch.nonzero(~(lengths > 0)).flatten().tolist()
    if empty:
        raise SettingsError(
            f"norm='weight_norm': filter {empty[0]} of {name} has length {lengths[empty[0]]:g}, "
            "so it has no direction; start from weights that are not zero"
        )
    rounding = torch.finfo(deviation.dtype).eps * mean.abs()
    flat = torch.nonzero(~(deviation > rounding)).flatten().tolist()
    if flat:
        raise SettingsError(
            f"norm='weight_norm': channel {flat[0]} of {name} has deviation {deviation[flat[0]]:g} over the "
            "first images, so nothing can bring it to 1; use images that are finite and differ"
        )
