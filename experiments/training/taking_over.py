"""A network that starts where another one ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from torch import Tensor, nn

from experiments.training.trainable import output_names

Weights: TypeAlias = Mapping[str, Tensor]  # of a network, with its buffers

COUNTS = "num_batches_tracked"  # of batches so far, which is of use to a plain mean over them


def take_over(model: nn.Module, pretrained: Weights) -> None:
    """Start from a pretrained network in all but its output layer, which was made for other classes.

    Statistics of BatchNorm come along; a mean over all batches begins again, with those of this training.
    """
    own = model.state_dict()
    stays = output_names(model) | {name for name in own if name.endswith(COUNTS)}
    model.load_state_dict({name: own[name] if name in stays else pretrained[name] for name in own})
