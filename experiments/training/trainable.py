"""What learns in a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from experiments.training.modes import evaluating
from experiments.training.norms import FreezableBatchNorm2d, batchnorm_layers
from experiments.training.settings import SettingsError

OUTPUT_LAYER = "output"  # every network calls its last layer so


def trainable_names(model: nn.Module, policy: str) -> frozenset[str]:
    """The names, as in `named_parameters`, of the parameters that learn under a policy.

    Raises SettingsError for an unknown policy, or one other than "none" that names no parameter.
    """
    if policy not in POLICIES:
        raise SettingsError(f"trainable={policy!r} is not one of {', '.join(POLICIES)}")
    names = POLICIES[policy](model)
    if not names and policy != "none":
        raise SettingsError(f"trainable={policy!r} would train nothing: the network has no such parameter")
    return names


def freeze(model: nn.Module, names: frozenset[str]) -> None:
    """Let the named parameters learn, all others not; to be called before the optimiser is built.

    Raises SettingsError for a name that the network does not have.
    """
    parameters = dict(model.named_parameters())
    unknown = sorted(names - parameters.keys())
    if unknown:
        raise SettingsError(f"the network has no parameter {', '.join(unknown)}")
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in names)


# ---------------------------------------------------------------------------------------------------
# Policies: from a network to names


def batchnorm_names(model: nn.Module) -> frozenset[str]:
    """The scales, shifts of all BatchNorm layers."""
    return _names(model, batchnorm_layers(model).values())


def output_names(model: nn.Module) -> frozenset[str]:
    """The parameters of the output layer."""
    layers = dict(model.named_children())
    return _names(model, [layers[OUTPUT_LAYER]] if OUTPUT_LAYER in layers else [])


def _all_names(model: nn.Module) -> frozenset[str]:
    return frozenset(name for name, _ in model.named_parameters())


def _all_but_batchnorm(model: nn.Module) -> frozenset[str]:
    return _all_names(model) - batchnorm_names(model)


def _no_names(model: nn.Module) -> frozenset[str]:  # noqa: ARG001
    return frozenset()


def _names(model: nn.Module, layers: Iterable[nn.Module]) -> frozenset[str]:
    """The names of the layers' parameters; one that layers share has its first name, as in an optimiser."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return frozenset(names[parameter] for layer in layers for parameter in layer.parameters())


POLICIES: dict[str, Callable[[nn.Module], frozenset[str]]] = {
    "all": _all_names,
    "batchnorm": batchnorm_names,  # the output layer does not learn either
    "all_but_batchnorm": _all_but_batchnorm,
    "output": output_names,
    "none": _no_names,
}


# ---------------------------------------------------------------------------------------------------
# Statistics


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
