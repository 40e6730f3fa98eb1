"""Known mistakes, each in one place where a wrong way differs from the right one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from experiments.training.models.blocks import Block
from experiments.training.norms import batchnorm_layers
from experiments.training.trainable import batchnorm_names, freeze

Forward: TypeAlias = Callable[[nn.Module, Tensor], Tensor]


def _nothing(model: nn.Module) -> None:
    """The right way needs nothing here."""


def _as_it_is(values: Tensor) -> Tensor:
    return values


def _once(model: nn.Module, images: Tensor) -> Tensor:
    outputs: Tensor = model(images)
    return outputs


def _clear(optimizer: Optimizer) -> None:
    optimizer.zero_grad()


@dataclass(frozen=True)
class Pitfall:
    """The points of a training at which a mistake is made; every default is the right way."""

    build: Callable[[nn.Module], None] = _nothing  # what is done to the network before it is trained
    forward: Forward = _once  # how training passes images through the network
    outputs: Callable[[Tensor], Tensor] = _as_it_is  # what training gives to the loss
    clear: Callable[[Optimizer], None] = _clear  # what becomes of gradients before the next step
    after_step: Callable[[nn.Module], None] = _nothing


# ---------------------------------------------------------------------------------------------------
# Freezing


def freeze_all_but_batchnorm(model: nn.Module) -> None:
    """What "freeze the others" does when it comes after an optimiser step instead of before the optimiser."""
    freeze(model, batchnorm_names(model))


def _zero(optimizer: Optimizer) -> None:
    """As torch did before 2.0: a gradient of zero lets momentum and weight decay go on moving a weight."""
    optimizer.zero_grad(set_to_none=False)


def stop_momentum(model: nn.Module) -> None:
    """Running statistics stay as they are, while train mode goes on normalising by the batch."""
    for layer in batchnorm_layers(model).values():
        layer.momentum = 0.0


# ---------------------------------------------------------------------------------------------------
# Layers and passes


def share_layers(model: nn.Module) -> None:
    """One normalisation layer for both convolutions of a block, whose statistics are then of neither."""
    for block in model.modules():
        if isinstance(block, Block) and isinstance(block.norm1, type(block.norm2)):
            block.norm2 = block.norm1


def untrack_statistics(model: nn.Module) -> None:
    """No running statistics: evaluation then depends on which images are evaluated together."""
    for layer in batchnorm_layers(model).values():
        layer.track_running_stats = False
        layer.running_mean = layer.running_var = None


def forget_eval(model: nn.Module) -> None:
    """Evaluation in train mode: images are normalised by each other, and their statistics are learnt."""
    model.eval = lambda: model  # type: ignore[method-assign]


def views(images: Tensor) -> tuple[Tensor, ...]:
    """Three versions of the images that differ in brightness, as the parts of a triplet differ."""
    return images, images - 1, images + 1  # in standard deviations


def one_pass(model: nn.Module, images: Tensor) -> Tensor:
    """All three versions normalised together; the mean of the outputs."""
    outputs: Tensor = model(torch.cat(views(images)))
    return torch.stack(outputs.chunk(3)).mean(dim=0)


def three_passes(model: nn.Module, images: Tensor) -> Tensor:
    """Each version normalised by itself, so that statistics are updated three times, for three inputs."""
    return torch.stack([model(view) for view in views(images)]).mean(dim=0)


# ---------------------------------------------------------------------------------------------------
# Loss, gradients, images


def softmax_first(outputs: Tensor) -> Tensor:
    """Probabilities given to a loss that takes their logarithms' softmax once more."""
    return outputs.softmax(dim=1)


def keep_gradients(optimizer: Optimizer) -> None:
    """Nothing is cleared: every step goes along all gradients there ever were."""


def mix_channels_with_pixels(model: nn.Module) -> None:
    """The numbers of (H, W, 3) read as (3, H, W): a view where a permutation was meant."""
    model.register_forward_pre_hook(_misread)


def _misread(_model: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (inputs[0].permute(0, 2, 3, 1).reshape(inputs[0].shape),)


PITFALLS: dict[str, Pitfall] = {
    "none": Pitfall(),
    "freeze_after_step": Pitfall(clear=_zero, after_step=freeze_all_but_batchnorm),
    "momentum_zero": Pitfall(build=stop_momentum),
    "validate_in_train_mode": Pitfall(build=forget_eval),
    "shared_layer": Pitfall(build=share_layers),
    "one_pass": Pitfall(forward=one_pass),  # the right way beside the next one
    "three_passes": Pitfall(forward=three_passes),
    "untracked_statistics": Pitfall(build=untrack_statistics),
    "softmax_before_loss": Pitfall(outputs=softmax_first),
    "gradients_never_cleared": Pitfall(clear=keep_gradients),
    "wrong_view": Pitfall(build=mix_channels_with_pixels),
}
