"""What learns in a network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from torch import Tensor, nn

from experiments.training.chosen_weights import CHOSEN, chosen_layers
from experiments.training.norms import batchnorm_layers
from experiments.training.settings import SettingsError

OUTPUT_LAYER = "output"  # every network calls its last layer so
SHORTCUT = "shortcut"  # and what goes past a block so


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
    """The scales, shifts of all BatchNorm layers, those of shortcuts too."""
    return batchnorm_scale_names(model) | batchnorm_shift_names(model)


def batchnorm_scale_names(model: nn.Module) -> frozenset[str]:
    """The scales of all BatchNorm layers."""
    return _names_of(model, (layer.weight for layer in batchnorm_layers(model).values()))


def batchnorm_shift_names(model: nn.Module) -> frozenset[str]:
    """The shifts of all BatchNorm layers."""
    return _names_of(model, (layer.bias for layer in batchnorm_layers(model).values()))


def output_names(model: nn.Module) -> frozenset[str]:
    """The parameters of the output layer."""
    layers = dict(model.named_children())
    return _names_of(model, layers[OUTPUT_LAYER].parameters()) if OUTPUT_LAYER in layers else frozenset()


def shortcut_names(model: nn.Module) -> frozenset[str]:
    """All parameters of shortcuts: their convolutions and what normalises them (Frankle et al.'s reading)."""
    return frozenset(name for name, _ in model.named_parameters() if SHORTCUT in name.split("."))


def random_names(model: nn.Module) -> frozenset[str]:
    """The weights that were chosen at random, see `choose_weights`."""
    return frozenset(f"{name}.{CHOSEN}" for name in chosen_layers(model))


def _all_names(model: nn.Module) -> frozenset[str]:
    return frozenset(name for name, _ in model.named_parameters())


def _all_but_batchnorm(model: nn.Module) -> frozenset[str]:
    return _all_names(model) - batchnorm_names(model)


def _no_names(model: nn.Module) -> frozenset[str]:  # noqa: ARG001
    return frozenset()


def _names_of(model: nn.Module, members: Iterable[Tensor | None]) -> frozenset[str]:
    """The names of these parameters; one that layers share has its first name, as in an optimiser."""
    names = {parameter: name for name, parameter in model.named_parameters()}
    return frozenset(names[member] for member in members if isinstance(member, nn.Parameter))


Policy: TypeAlias = Callable[[nn.Module], frozenset[str]]


def together(*policies: Policy) -> Policy:
    """All that any of the policies lets learn."""
    return lambda model: frozenset().union(*(policy(model) for policy in policies))


POLICIES: dict[str, Policy] = {
    "all": _all_names,
    "batchnorm": batchnorm_names,  # the output layer does not learn either
    "batchnorm_scale": batchnorm_scale_names,
    "batchnorm_shift": batchnorm_shift_names,
    "all_but_batchnorm": _all_but_batchnorm,
    "output": output_names,
    "shortcut": shortcut_names,
    "shortcut+output": together(shortcut_names, output_names),
    "batchnorm+output": together(batchnorm_names, output_names),
    "batchnorm+shortcut+output": together(batchnorm_names, shortcut_names, output_names),
    "random": random_names,
    "none": _no_names,
}
