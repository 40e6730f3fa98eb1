"""The weights that a network starts with."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from experiments.training.norms import batchnorm_layers
from experiments.training.settings import TrainSettings

POWER_ITERATIONS = 30  # after which the largest singular value is known to about 1e-6


def initialise(model: nn.Module, settings: TrainSettings) -> None:
    """Weights, biases and a scale for BatchNorm as the settings name them, from torch's CPU generator.

    Weights are drawn before scales and biases: networks that differ in those alone start alike.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]
    for layer in layers:
        # the output layer has names of its own: an orthogonal or binary one is nobody's question
        convolves = isinstance(layer, nn.Conv2d)
        draw = WEIGHT_INITS[settings.weight_init] if convolves else OUTPUT_INITS[settings.output_init]
        _set_weight(layer, draw(torch.empty_like(layer.weight, requires_grad=False)))
    for layer in layers:
        if isinstance(layer, nn.Linear):
            OUTPUT_BIASES[settings.output_bias](layer)
        elif layer.bias is not None:
            nn.init.zeros_(layer.bias)
    for norm in batchnorm_layers(model).values():
        BATCHNORM_INITS[settings.batchnorm_init](norm.weight)
        nn.init.zeros_(norm.bias)


def start_at_base_rates(output: nn.Linear, labels: Tensor) -> None:
    """Let the biases be the logarithms of how frequent the classes are, which a softmax turns into that."""
    counts = labels.bincount(minlength=output.out_features).clamp(
        min=1
    )  # wrong labels may leave a class empty
    with torch.no_grad():
        output.bias.copy_((counts.double() / len(labels)).log())


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


def _as_torch(weight: Tensor) -> Tensor:
    """Uniform up to one over the square root of the inputs, as torch starts a linear layer."""
    return nn.init.kaiming_uniform_(weight, a=math.sqrt(5))


def _uniform_bias(output: nn.Linear) -> None:
    bound = 1 / math.sqrt(output.in_features)
    nn.init.uniform_(output.bias, -bound, bound)


def _zero_bias(output: nn.Linear) -> None:
    nn.init.zeros_(output.bias)


OUTPUT_INITS: dict[str, Callable[[Tensor], Tensor]] = {
    "he_normal": nn.init.kaiming_normal_,  # as Frankle et al. start it: outputs are large
    "torch": _as_torch,
    "zero": nn.init.zeros_,  # every class is as likely as the bias says
}
OUTPUT_BIASES: dict[str, Callable[[nn.Linear], None]] = {
    "uniform": _uniform_bias,  # as torch starts it
    "zero": _zero_bias,
    "base_rates": _zero_bias,  # until the labels are known, see `start_at_base_rates`
}
