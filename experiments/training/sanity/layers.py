"""Activations and gradients of every layer, seen while a step is made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass, fields, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from experiments.training.norms import MeanOnlyBatchNorm2d

WEIGHING = (nn.Conv2d, nn.Linear)
NORMALISING = (_BatchNorm, MeanOnlyBatchNorm2d, nn.GroupNorm, nn.InstanceNorm2d)
SAME = 1e-6  # between the highest and the lowest answer of a unit that says nothing


@dataclass(frozen=True)
class Layer:
    """One layer in numbers; NaN where there is nothing to measure."""

    name: str
    kind: str
    mean: float  # of its outputs, in the first step
    std: float
    dead: float  # share of the channels it is given that are the same everywhere in the batch
    gradient: float = float("nan")  # norm, over its parameters that learn, in the second step
    weight: float = float("nan")  # norm of these parameters
    update: float = float("nan")  # norm of what the step changed in them, over `weight`


COLUMNS = tuple(field.name for field in fields(Layer))


def row_of(layer: Layer) -> tuple[str | float, ...]:
    """A layer as a row of a table."""
    return astuple(layer)


class Watched:
    """The layers, once the step has been made."""

    def __init__(self, model: nn.Module, step: int) -> None:
        self._step = step
        self._seen: dict[str, Layer] = {}
        self._given: dict[str, tuple[Tensor, Tensor]] = {}
        self._layers = _layers_of(model) if step < 2 else {}
        self._before = {
            name: [parameter.detach().clone() for parameter in _learning(layer)]
            for name, layer in self._layers.items()
            if step == 1
        }

    def hooks(self, stack: ExitStack) -> None:
        """Look at what goes into layers and comes out of them, in the first step."""
        first = next(iter(self._layers), "")
        for name, layer in self._layers.items() if self._step == 0 else ():
            if isinstance(layer, WEIGHING) and name != first:  # the first is given images
                stack.callback(layer.register_forward_pre_hook(partial(self._note_input, name)).remove)
            stack.callback(layer.register_forward_hook(partial(self._note_output, name)).remove)

    def after(self, layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
        """What is known of the layers now."""
        if self._step == 0:
            return tuple(self._seen.values())
        return tuple(self._with_gradient(layer) if self._step == 1 else layer for layer in layers)

    def _note_input(self, name: str, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        lowest, highest = inputs[0].detach().float().transpose(0, 1).flatten(1).aminmax(dim=1)
        if name in self._given:  # in parts: a unit is dead that is so in all of them
            before = self._given[name]
            lowest, highest = torch.minimum(lowest, before[0]), torch.maximum(highest, before[1])
        self._given[name] = lowest, highest

    def _note_output(self, name: str, layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        values = output.detach().float()
        mean, std = float(values.mean()), float(values.std(correction=0))
        self._seen[name] = Layer(name, type(layer).__name__, mean, std, self._dead(name))

    def _dead(self, name: str) -> float:
        if name not in self._given:
            return float("nan")
        lowest, highest = self._given[name]
        return float((highest - lowest < SAME).float().mean())

    def _with_gradient(self, layer: Layer) -> Layer:
        parameters = _learning(self._layers[layer.name])
        if not parameters:
            return layer
        gradients = [value.grad for value in parameters if value.grad is not None]
        before = self._before[layer.name]
        weight = _norm(before)
        moved = _norm([now.detach() - then for now, then in zip(parameters, before, strict=True)])
        return replace(
            layer, gradient=_norm(gradients), weight=weight, update=moved / weight if weight else float("nan")
        )


@contextmanager
def watching(model: nn.Module, step: int) -> Iterator[Watched]:
    """Around a step (from 0): activations are seen in the first one, gradients in the second one.

    The first one may start with an output layer of zeros, which passes no gradient on.
    """
    watched = Watched(model, step)
    with ExitStack() as stack:
        watched.hooks(stack)
        yield watched


def idle_biases(model: nn.Module, images: Tensor) -> tuple[list[str], list[str]]:
    """The convolutions with a bias: those whose mean over the batch is taken away at once, and the others."""
    made: dict[int, str] = {}
    alive: list[Tensor] = []  # so that no tensor gets the place of another one
    idle: list[str] = []

    def note_output(name: str, _layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        made[id(output)] = name
        alive.append(output)

    def note_input(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if takes_mean_away(layer) and id(inputs[0]) in made:
            idle.append(made[id(inputs[0])])

    with ExitStack() as stack:
        for name, layer in model.named_modules():
            if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                stack.callback(layer.register_forward_hook(partial(note_output, name)).remove)
            elif isinstance(layer, NORMALISING):
                stack.callback(layer.register_forward_pre_hook(note_input).remove)
        model(images)
    return idle, [name for name in made.values() if name not in idle]


def takes_mean_away(layer: nn.Module) -> bool:
    """Whether a constant added to a channel has no effect: its mean over the batch or the image goes."""
    if isinstance(layer, nn.InstanceNorm2d):
        return True
    return isinstance(layer, _BatchNorm | MeanOnlyBatchNorm2d) and layer.training


def _layers_of(model: nn.Module) -> dict[str, nn.Module]:
    kinds = (*WEIGHING, *NORMALISING)
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, kinds)}


def _learning(layer: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in layer.parameters() if parameter.requires_grad]


def _norm(values: list[Tensor]) -> float:
    return float(torch.stack([value.float().norm() for value in values]).norm()) if values else 0.0
