"""What flows into each layer, and how steep its gradient is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import fmean

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.training.evaluate import forward
from experiments.training.measures.activations import inputs_of
from experiments.training.measures.look import Look
from experiments.training.modes import rehearsing
from experiments.training.results import Measured, Result, Table

MIXING = (nn.Conv2d, nn.Linear)
COLUMNS = ("layer", "epoch", "input_mean", "input_std", "dead_share", "weights", "gradient")


def layers(look: Look) -> Iterator[Result]:
    """Inputs and gradients of every convolution and the output layer, on the same images in train mode."""
    memory, state, model = look.memory("layers"), look.state, look.state.model
    learning = {
        name: [parameter for parameter in layer.parameters() if parameter.requires_grad]
        for name, layer in model.named_modules()
        if isinstance(layer, MIXING)
    }
    with rehearsing(model), inputs_of(model, MIXING) as inputs:
        model.train()
        loss = cross_entropy(forward(model, look.images[0], state.precision), look.labels[0])
        steep = {name: _steepness(loss, parameters) for name, parameters in learning.items() if parameters}
    rows = []
    for name, values in inputs.items():
        length = _length([parameter.detach() for parameter in learning[name]])
        seen = (values.float().mean().item(), values.float().std().item(), dead_share(values))
        rows.append((name, state.epoch, *seen, length, steep.get(name, 0.0)))
    memory["rows"] = [*memory.get("rows", []), *rows]
    numbers = {"layers.dead_share": fmean(row[4] for row in rows)}
    if ratios := [row[6] / row[5] for row in rows if row[5]]:
        numbers["layers.gradient_to_weight"] = fmean(ratios)
    yield Measured(state.step, numbers)


def layers_table(look: Look) -> Iterator[Result]:
    """Every layer at every epoch."""
    yield Table("layers", COLUMNS, tuple(tuple(row) for row in look.memory("layers")["rows"]))


def dead_share(values: Tensor) -> float:
    """The percentage of channels of (n, channels, pixels) that say the same of every image everywhere."""
    of_channel = values.transpose(0, 1).flatten(1)
    return 100 * (of_channel.amax(dim=1) == of_channel.amin(dim=1)).double().mean().item()


def _steepness(loss: Tensor, parameters: list[nn.Parameter]) -> float:
    gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
    return _length([gradient for gradient in gradients if gradient is not None])


def _length(tensors: list[Tensor]) -> float:
    return math.sqrt(sum(tensor.float().square().sum().item() for tensor in tensors))
