"""What training makes small; evaluation always reports cross-entropy."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor
from torch.nn.functional import cross_entropy, huber_loss, mse_loss, one_hot

Loss: TypeAlias = Callable[[Tensor, Tensor, float], Tensor]  # outputs (n, classes), labels (n,), smoothing


def _cross_entropy(outputs: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    return cross_entropy(outputs, labels, reduction="none", label_smoothing=smoothing)


def _squared(outputs: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """The squared distance of the outputs from one for the right class and zero for the others."""
    return mse_loss(outputs, _targets(outputs, labels, smoothing), reduction="none").sum(dim=1)


def _absolute(outputs: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """The distance of the probabilities from the truth: wrong labels pull little (Ghosh et al. 2017)."""
    return (outputs.softmax(dim=1) - _targets(outputs, labels, smoothing)).abs().sum(dim=1)


def _huber(outputs: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Squared near the truth, absolute far from it."""
    return huber_loss(outputs, _targets(outputs, labels, smoothing), reduction="none").sum(dim=1)


def _targets(outputs: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    classes = outputs.shape[1]
    exact = one_hot(labels, classes).to(outputs.dtype)
    return exact * (1 - smoothing) + smoothing / classes


LOSSES: dict[str, Loss] = {
    "cross_entropy": _cross_entropy,
    "squared": _squared,
    "absolute": _absolute,
    "huber": _huber,
}
