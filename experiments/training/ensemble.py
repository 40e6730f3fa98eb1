"""Several networks that answer together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import nll_loss

from experiments.training.batches import Batches
from experiments.training.evaluate import forward
from experiments.training.modes import evaluating
from experiments.training.score import Score, Tally
from experiments.training.taking_over import Weights


def evaluate_together(
    model: nn.Module, members: Sequence[Weights], batches: Batches, batch_size: int, precision: str
) -> Score:
    """The score of the mean probability of networks of one kind; the network itself stays as it was."""
    own = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        together: list[Tensor] = []
        for weights in members:
            model.load_state_dict(weights)
            parts = list(_logs(model, batches, batch_size, precision))
            together = list(map(torch.logaddexp, together, parts)) if together else parts
    finally:
        model.load_state_dict(own)
    tally = Tally()
    for total, (_, labels) in zip(together, batches.in_order(batch_size), strict=True):
        logs = total - math.log(len(members))
        tally.add(nll_loss(logs, labels, reduction="none"), logs, labels)
    return tally.score()


def _logs(model: nn.Module, batches: Batches, batch_size: int, precision: str) -> Iterator[Tensor]:
    """The logarithms of the probabilities, which do not vanish where a probability does."""
    with evaluating(model), torch.inference_mode():
        for images, _labels in batches.in_order(batch_size):
            yield forward(model, images, precision).log_softmax(dim=1)
