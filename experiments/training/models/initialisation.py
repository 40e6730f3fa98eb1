"""The weights that a network starts with."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from experiments.training.norms import batchnorm_layers


def initialise(model: nn.Module, batchnorm_init: str) -> None:
    """He-normal weights, a scale for BatchNorm by name, from torch's CPU generator (Frankle et al.).

    Weights are drawn before scales and biases: networks that differ in those alone start alike.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        _set_weight(layer, nn.init.kaiming_normal_(torch.empty_like(layer.weight, requires_grad=False)))
    for layer in layers:
        if isinstance(layer, nn.Linear):  # as torch starts it
            bound = 1 / math.sqrt(layer.in_features)
            nn.init.uniform_(layer.bias, -bound, bound)
        elif layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for norm in batchnorm_layers(model).values():
        BATCHNORM_INITS[batchnorm_init](norm.weight)
        nn.init.zeros_(norm.bias)


def _set_weight(layer: nn.Module, weight: Tensor) -> None:
    if parametrize.is_parametrized(layer, "weight"):
        layer.weight = weight  # goes to the parameters behind the weight
    else:
        layer.weight = nn.Parameter(weight)


BATCHNORM_INITS: dict[str, Callable[[Tensor], Tensor]] = {
    "one": nn.init.ones_,
    "uniform": nn.init.uniform_,  # in [0, 1]: what Frankle et al. start from
}
