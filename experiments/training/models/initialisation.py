"""The weights that a network starts with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from experiments.training.norms import batchnorm_layers

POWER_ITERATIONS = 30  # after which the largest singular value is known to about 1e-6


def initialise(model: nn.Module, weight_init: str, batchnorm_init: str) -> None:
    """Weights and a scale for BatchNorm by name, from torch's CPU generator.

    Weights are drawn before scales and biases: networks that differ in those alone start alike.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        # only convolutions differ: an orthogonal or binary output layer is nobody's question
        draw = WEIGHT_INITS[weight_init] if isinstance(layer, nn.Conv2d) else nn.init.kaiming_normal_
        _set_weight(layer, draw(torch.empty_like(layer.weight, requires_grad=False)))
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
        for _ in range(POWER_ITERATIONS):
            _ = layer.weight  # in train mode, each look brings spectral norm nearer to the singular value
    else:
        layer.weight = nn.Parameter(weight)


def deviation_of(weight: Tensor) -> float:
    """He et al.'s standard deviation, with which variances survive a ReLU: the square root of 2 / inputs."""
    return math.sqrt(2 / weight[0].numel())


def _binary(weight: Tensor) -> Tensor:
    """Plus or minus He et al.'s deviation."""
    return nn.init.kaiming_normal_(weight).sign_().mul_(deviation_of(weight))


def _truncated(weight: Tensor) -> Tensor:
    """A normal distribution without what lies beyond two deviations."""
    deviation = deviation_of(weight)
    return nn.init.trunc_normal_(weight, std=deviation, a=-2 * deviation, b=2 * deviation)


WEIGHT_INITS: dict[str, Callable[[Tensor], Tensor]] = {
    "he_normal": nn.init.kaiming_normal_,
    "he_uniform": nn.init.kaiming_uniform_,
    "xavier": nn.init.xavier_normal_,
    "orthogonal": partial(nn.init.orthogonal_, gain=math.sqrt(2)),
    "truncated": _truncated,
    "binary": _binary,
    "dirac": nn.init.dirac_,  # each filter passes one channel on
}


BATCHNORM_INITS: dict[str, Callable[[Tensor], Tensor]] = {
    "one": nn.init.ones_,
    "uniform": nn.init.uniform_,  # in [0, 1]: what Frankle et al. start from
}
