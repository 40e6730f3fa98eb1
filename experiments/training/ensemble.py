"""Several networks that answer together."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss

from experiments.training.batches import Batches
from experiments.training.evaluate import fastest, forward
from experiments.training.modes import evaluating
from experiments.training.score import Score, Tally
from experiments.training.taking_over import Weights


def evaluate_together(
    model: nn.Module,
    members: Sequence[Weights],
    batches: Batches,
    batch_size: int,
    precision: str,
    *,
    fold: bool = True,
) -> Score:
    """The score of the mean probability of networks of one kind; the network itself stays as it was."""
    answers = [answers_of(model, weights, batches, batch_size, precision, fold=fold) for weights in members]
    return score_of(together(answers), labels_of(batches, batch_size))


def answers_of(
    model: nn.Module,
    weights: Weights,
    batches: Batches,
    batch_size: int,
    precision: str,
    *,
    fold: bool = True,
) -> Tensor:
    """The logarithms of the probabilities of all images (n, classes), which do not vanish where those do.

    With `fold`, what can be folded of the network is.
    """

    def answers(network: nn.Module) -> Tensor:
        images = (images for images, _labels in batches.in_order(batch_size))
        return torch.cat([forward(network, part, precision).log_softmax(dim=1) for part in images])

    own = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        model.load_state_dict(weights)
        with evaluating(model), torch.inference_mode():
            return fastest(model, batches, precision, answers, _are_finite, fold=fold)
    finally:
        model.load_state_dict(own)


def _are_finite(answers: Tensor) -> bool:
    return bool(answers.isfinite().all())


def labels_of(batches: Batches, batch_size: int) -> Tensor:
    """The labels of all images (n,), in their order."""
    return torch.cat([labels for _images, labels in batches.in_order(batch_size)])


def together(answers: Sequence[Tensor]) -> Tensor:
    """The mean probability, as logarithms, of what several networks answer."""
    return torch.stack(list(answers)).logsumexp(dim=0) - math.log(len(answers))


def score_of(answers: Tensor, labels: Tensor) -> Score:
    """How good answers are, as logarithms of probabilities (n, classes)."""
    tally = Tally()
    tally.add(nll_loss(answers, labels, reduction="none"), answers, labels)
    return tally.score()
