"""The normalisations that a network can be built with, each a function of the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from torch import nn
from torch.nn.utils import parametrizations

from experiments.training.norms.batchnorm import FreezableBatchNorm2d, GhostBatchNorm2d
from experiments.training.norms.by_hand import BatchNormByHand
from experiments.training.norms.lean import LeanBatchNorm2d
from experiments.training.norms.mean_only import MeanOnlyBatchNorm2d
from experiments.training.settings import SettingsError, TrainSettings

Convolution: TypeAlias = nn.Conv2d
Reparametrise: TypeAlias = Callable[[Convolution], nn.Module]
Layer: TypeAlias = Callable[[int], nn.Module]  # called with the number of channels


def _as_it_is(convolution: Convolution) -> nn.Module:
    return convolution


def _nothing(channels: int) -> nn.Module:  # noqa: ARG001
    return nn.Identity()


@dataclass(frozen=True)
class Norm:
    """What a normalisation does to a convolution's weights, and the layer that it puts behind it."""

    layer: Layer = _nothing
    reparametrise: Reparametrise = _as_it_is
    bias: bool = False  # whether the convolution needs one; a mean that is taken away takes it along


# ---------------------------------------------------------------------------------------------------
# Over the batch


def batchnorm(settings: TrainSettings) -> Norm:
    """Mean and variance of a channel over the batch (Ioffe & Szegedy 2015)."""
    kind = LeanBatchNorm2d if settings.save_memory else FreezableBatchNorm2d
    return Norm(partial(kind, momentum=_momentum(settings)))


def by_hand(settings: TrainSettings) -> Norm:
    """The same, written out step by step; it cannot be frozen."""
    return Norm(partial(BatchNormByHand, momentum=_momentum(settings)))


def ghost(settings: TrainSettings) -> Norm:
    """BatchNorm over `ghost_size` samples at a time."""
    return Norm(partial(GhostBatchNorm2d, ghost_size=settings.ghost_size, momentum=_momentum(settings)))


def mean_only(settings: TrainSettings) -> Norm:
    """The mean over the batch alone."""
    return Norm(partial(MeanOnlyBatchNorm2d, momentum=settings.batchnorm_momentum))


# ---------------------------------------------------------------------------------------------------
# Over one image at a time


def group(settings: TrainSettings) -> Norm:
    """Mean and variance over groups of channels (Wu & He 2018)."""
    return Norm(lambda channels: nn.GroupNorm(groups_of(settings.groups, channels), channels))


def layer(settings: TrainSettings) -> Norm:  # noqa: ARG001
    """Mean and variance over all channels and pixels: one group."""
    return Norm(lambda channels: nn.GroupNorm(1, channels))


def instance(settings: TrainSettings) -> Norm:  # noqa: ARG001
    """Mean and variance of each channel."""
    return Norm(partial(nn.InstanceNorm2d, affine=True))


# ---------------------------------------------------------------------------------------------------
# Of the weights, or not at all


def weight_norm(settings: TrainSettings) -> Norm:  # noqa: ARG001
    """Each filter is a length times a direction."""
    return Norm(reparametrise=parametrizations.weight_norm, bias=True)


def weight_norm_mean_only(settings: TrainSettings) -> Norm:
    """Weight normalisation, with the mean over the batch taken away behind it."""
    return Norm(mean_only(settings).layer, parametrizations.weight_norm)


def spectral(settings: TrainSettings) -> Norm:  # noqa: ARG001
    """The filters, as one matrix, divided by its largest singular value (Miyato et al. 2018)."""
    return Norm(reparametrise=parametrizations.spectral_norm, bias=True)


def without(settings: TrainSettings) -> Norm:  # noqa: ARG001
    """No normalisation."""
    return Norm(bias=True)


NORMS: dict[str, Callable[[TrainSettings], Norm]] = {
    "batchnorm": batchnorm,
    "by_hand": by_hand,
    "ghost": ghost,
    "mean_only": mean_only,
    "group": group,
    "layer": layer,
    "instance": instance,
    "weight_norm": weight_norm,
    "weight_norm_mean_only": weight_norm_mean_only,
    "spectral": spectral,
    "none": without,
}


CHANNELS_OF_A_GROUP = 4  # at least, where nobody says how many groups


def groups_of(wanted: int, channels: int) -> int:
    """As many groups as wanted; 0 takes 32, or fewer where a group would have less than four channels."""
    if not wanted:
        return next(
            n for n in range(min(32, max(1, channels // CHANNELS_OF_A_GROUP)), 0, -1) if channels % n == 0
        )
    if channels % wanted:
        raise SettingsError(
            f"groups={wanted} does not divide the {channels} channels of a layer; "
            "use a number that divides width, or 0 for a fitting one"
        )
    return wanted


def _momentum(settings: TrainSettings) -> float | None:
    """Torch's word for the plain mean over all batches so far is None."""
    return None if settings.batchnorm_average == "cumulative" else settings.batchnorm_momentum
