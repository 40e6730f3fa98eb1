"""Looking at a network without changing it."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import fmean
from typing import TypeAlias, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.training.batches import Batches
from experiments.training.diagnostics import batchnorm_gap, first_non_finite
from experiments.training.folding import folded, stays_finite
from experiments.training.modes import evaluating
from experiments.training.norms import batchnorm_layers
from experiments.training.precision import autocast
from experiments.training.score import Score, Tally
from experiments.training.views import over_views

PROBED = 32  # images that show how large the numbers in a folded network get

Answer = TypeVar("Answer")
Network: TypeAlias = Callable[[Tensor], Tensor]  # a module, or what stands for one


class NonFiniteLossError(ArithmeticError):
    """A loss that is not finite, with the layer it comes from and its step (None: the one under way)."""

    def __init__(self, layer: str, step: int | None = None) -> None:
        super().__init__(f"the loss is not finite; first layer: {layer or 'not known'}")
        self.layer = layer
        self.step = step


def evaluate(
    model: nn.Module,
    batches: Batches,
    batch_size: int,
    precision: str,
    views: str = "one",
    *,
    fold: bool = True,
) -> Score:
    """The score of every image once, in eval mode; the network stays as it was.

    With `fold`, what can be folded is, as the network is now. Raises NonFiniteLossError.
    """
    with evaluating(model), torch.inference_mode():
        score = fastest(
            model,
            batches,
            precision,
            lambda network: _score(network, batches, batch_size, precision, views),
            lambda found: math.isfinite(found.loss),
            fold=fold,
        )
        if not math.isfinite(score.loss):
            raise NonFiniteLossError(_layer_of_first(model, batches, batch_size, precision))
    return score


def fastest(
    model: nn.Module,
    batches: Batches,
    precision: str,
    asked: Callable[[nn.Module], Answer],
    is_finite: Callable[[Answer], bool],
    *,
    fold: bool,
) -> Answer:
    """What is found of a network as it is now, in eval mode; with `fold`, of what can be folded of it.

    Where that is not finite, it is what is found of the plain one: folded weights may overflow alone.
    """
    network = _folded(model, batches, precision) if fold else model
    found = asked(network)
    return found if network is model or is_finite(found) else asked(model)


def _folded(model: nn.Module, batches: Batches, precision: str) -> nn.Module:
    """The network with what can be folded; as it is where some images show that its numbers get too large."""
    network = folded(model, precision)
    if network is model:
        return model
    images, _labels = next(batches.mixed(PROBED))
    return network if stays_finite(network, images, precision) else model


def _score(network: nn.Module, batches: Batches, batch_size: int, precision: str, views: str) -> Score:
    tally = Tally()
    for images, labels in batches.mixed(batch_size):
        outputs = over_views(lambda view: forward(network, view, precision), images, views)
        tally.add(cross_entropy(outputs, labels, reduction="none"), outputs, labels)
    return tally.score()


def mode_gap(model: nn.Module, images: Tensor, labels: Tensor, precision: str) -> float | None:
    """Train-mode minus eval-mode loss of the same images; None where no layer uses batch statistics.

    Images are (chunks, n, 3, H, W), labels (chunks, n): like training, train mode normalises n at a time.
    The network is expected in train mode and stays so.
    Raises NonFiniteLossError.
    """
    if not any(layer.training for layer in batchnorm_layers(model).values()):
        return None
    return fmean(
        _gap_of_chunk(model, chunk, answers, precision) for chunk, answers in zip(images, labels, strict=True)
    )


def _gap_of_chunk(model: nn.Module, images: Tensor, labels: Tensor, precision: str) -> float:
    with autocast(images.device, precision):
        losses = batchnorm_gap(model, images, labels)
    if not math.isfinite(losses.train_loss):
        raise NonFiniteLossError(non_finite_layer(model, images, precision))
    if not math.isfinite(losses.eval_loss):
        with evaluating(model):
            raise NonFiniteLossError(non_finite_layer(model, images, precision))
    return losses.train_loss - losses.eval_loss


def forward(network: Network, images: Tensor, precision: str) -> Tensor:
    """The network's outputs (n, classes) in fp32, so that every loss is computed in fp32."""
    with autocast(images.device, precision):
        outputs = network(images)
    return outputs.float()


def non_finite_layer(model: nn.Module, images: Tensor, precision: str) -> str:
    """The first module, in its present mode, with a non-finite output; "loss" where all are finite."""
    with autocast(images.device, precision):
        return first_non_finite(model, images)


def _layer_of_first(model: nn.Module, batches: Batches, batch_size: int, precision: str) -> str:
    for images, labels in batches.mixed(batch_size):
        if not cross_entropy(forward(model, images, precision), labels).isfinite():
            return non_finite_layer(model, images, precision)
    return ""
