"""The statistics of BatchNorm: frozen, set from data, made precise, or left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from experiments.training.modes import evaluating
from experiments.training.norms import FreezableBatchNorm2d, batchnorm_layers
from experiments.training.settings import SettingsError


def freeze_batchnorm(model: nn.Module) -> None:
    """Normalise with the statistics as they are, from now on, in train mode and in deep copies too.

    Scales and shifts may still learn.
    Raises SettingsError where there is no BatchNorm layer, or one that cannot be frozen.
    """
    for layer in _freezable(model).values():
        layer.frozen = True
        layer.eval()


def calibrate(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the statistics of BatchNorm to the mean over batches of images; nothing else changes.

    It belongs before `freeze_batchnorm`.
    Raises SettingsError where there is no batch, RuntimeError for a layer that is frozen already.
    """
    layers = _freezable(model)
    for name, layer in layers.items():
        if layer.frozen:
            raise RuntimeError(f"{name} is frozen already: calibrate first, freeze then")
    with evaluating(model), torch.no_grad(), ExitStack() as after:
        for layer in layers.values():
            after.callback(setattr, layer, "momentum", layer.momentum)
            layer.momentum = None  # torch's way to ask for the plain mean over batches
            layer.reset_running_stats()
            layer.train()
        for images in batches:
            model(images)
    if any(layer.num_batches_tracked == 0 for layer in layers.values()):
        raise SettingsError("calibration_batches needs at least one batch of images")


def _freezable(model: nn.Module) -> dict[str, FreezableBatchNorm2d]:
    layers = batchnorm_layers(model)
    if not layers:
        raise SettingsError("batchnorm='frozen' needs BatchNorm layers, but the network has none")
    for name, layer in layers.items():
        if not isinstance(layer, FreezableBatchNorm2d):
            kind = type(layer).__name__
            raise SettingsError(f"batchnorm='frozen': {name} is a {kind}; build it as FreezableBatchNorm2d")
    return {name: layer for name, layer in layers.items() if isinstance(layer, FreezableBatchNorm2d)}


# ---------------------------------------------------------------------------------------------------
# Other statistics than those that followed the training


class _Moments:
    """Sums over everything that a layer was given, in double precision."""

    def __init__(self, channels: int, device: torch.device) -> None:
        self.count = 0
        self.total, self.squares = (
            torch.zeros(channels, dtype=torch.float64, device=device) for _ in range(2)
        )

    def add(self, _layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """A hook that runs before the layer."""
        values = inputs[0].detach().double().transpose(0, 1).flatten(1)
        self.count += values.shape[1]
        self.total += values.sum(dim=1)
        self.squares += values.square().sum(dim=1)


def make_precise(model: nn.Module, batches: Iterable[Tensor]) -> None:
    """Give BatchNorm the mean and the variance over all these images; frozen layers stay as they are.

    Unlike a mean over batches of the variances within them, this does not depend on how images were cut into
    batches, in the first layer at least (Wu & Johnson 2021). Later layers see batches that were normalised by
    themselves, as in training.
    Raises SettingsError where there are no images.
    """
    layers = {name: layer for name, layer in batchnorm_layers(model).items() if not _is_frozen(layer)}
    moments = {name: _Moments(layer.num_features, layer.weight.device) for name, layer in layers.items()}
    with evaluating(model), torch.no_grad(), ExitStack() as after:
        for name, layer in layers.items():
            after.callback(layer.register_forward_pre_hook(moments[name].add).remove)
            after.callback(partial(_put_back, layer, layer.num_batches_tracked.clone()))  # type: ignore[union-attr]
            layer.train()
        for images in batches:
            model(images)
    if any(found.count == 0 for found in moments.values()):
        raise SettingsError("statistics can be made precise with at least one batch of images")
    for name, layer in layers.items():
        mean = moments[name].total / moments[name].count
        variance = moments[name].squares / moments[name].count - mean.square()
        layer.running_mean.copy_(mean)  # type: ignore[union-attr]
        layer.running_var.copy_(variance.clamp(min=0))  # type: ignore[union-attr]


def _put_back(layer: _BatchNorm, batches: Tensor) -> None:
    layer.num_batches_tracked.copy_(batches)  # type: ignore[union-attr]


def _is_frozen(layer: _BatchNorm) -> bool:
    return isinstance(layer, FreezableBatchNorm2d) and layer.frozen


@contextmanager
def normalising_by_batch(model: nn.Module) -> Iterator[None]:
    """Inside, eval mode takes the statistics of the batch, as torch does where a layer has none."""
    layers = batchnorm_layers(model).values()
    own = [(layer, layer.running_mean, layer.running_var) for layer in layers]
    for layer in layers:
        layer.running_mean = layer.running_var = None
    try:
        yield
    finally:
        for layer, mean, variance in own:
            layer.running_mean, layer.running_var = mean, variance
