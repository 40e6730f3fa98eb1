"""Questions to a network that leave it as it was."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.training.chosen_weights import unchosen_weights
from experiments.training.modes import unchanged
from experiments.training.trainable import batchnorm_names, output_names, shortcut_names

LOSS = "loss"  # named where all layers are finite: then the loss itself is not


class BatchnormGap(NamedTuple):
    """Losses of the same images: normalised with their own statistics, normalised with the running ones."""

    train_loss: float
    eval_loss: float


def batchnorm_gap(model: nn.Module, images: Tensor, labels: Tensor) -> BatchnormGap:
    """How far apart train mode and eval mode are; 0 where BatchNorm is frozen or absent.

    Buffers, modes and random numbers stay as they were, also after an error.
    """
    with unchanged(model):
        model.eval()  # first: the pass in train mode moves the running statistics
        eval_loss = cross_entropy(model(images), labels).item()
        model.train()
        train_loss = cross_entropy(model(images), labels).item()
    return BatchnormGap(train_loss, eval_loss)


def first_non_finite(model: nn.Module, images: Tensor) -> str:
    """The name of the first module, in forward order, with an output that is not finite, or "loss".

    The pass is made in the modes that the modules have; buffers stay as they were.
    """
    found: list[str] = []
    hooks = [
        module.register_forward_hook(partial(_note_non_finite, found, name or type(module).__name__))
        for name, module in model.named_modules()
    ]
    try:
        with unchanged(model):
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found[0] if found else LOSS


def _note_non_finite(
    found: list[str], name: str, _module: nn.Module, _inputs: tuple[Any, ...], output: Any
) -> None:
    if isinstance(output, Tensor) and not output.isfinite().all():
        found.append(name.partition(".parametrizations")[0])  # a weight belongs to its layer


def parameter_counts(model: nn.Module) -> dict[str, int]:
    """How many numbers there are: total, trainable, then by role.

    The BatchNorm layers of shortcuts count under both roles.
    """
    parameters = dict(model.named_parameters())
    names = {
        "total": parameters.keys(),
        "trainable": {name for name, parameter in parameters.items() if parameter.requires_grad},
        "batchnorm": batchnorm_names(model),
        "shortcut": shortcut_names(model),
        "output": output_names(model),
    }
    counts = {role: sum(parameters[name].numel() for name in members) for role, members in names.items()}
    return {**counts, "total": counts["total"] + unchosen_weights(model)}
