"""As many weights as BatchNorm has, chosen at random: what BatchNorm-only training is compared with."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

PER_CHANNEL = 2  # a scale and a shift (Frankle, Schwab & Morcos 2021)
CHOSEN = "parametrizations.weight.original"  # the name, in its layer, of the weights that learn


class ChosenWeights(nn.Module):
    """A weight of which some numbers in every output channel learn; the others stay as they started.

    The numbers are a parameter of their own, so that an optimiser sees nothing else: no momentum and no
    weight decay can move the rest.
    """

    rest: Tensor
    places: Tensor

    def __init__(self, weight: Tensor, places: Tensor) -> None:
        super().__init__()
        self.register_buffer("rest", weight.detach().clone())
        self.register_buffer("places", places)

    def forward(self, chosen: Tensor) -> Tensor:
        """The whole weight: (out, in, side, side)."""
        return self.rest.flatten(1).scatter(1, self.places, chosen).view_as(self.rest)

    def right_inverse(self, weight: Tensor) -> Tensor:
        """The chosen numbers of a whole weight: (out, chosen)."""
        return weight.flatten(1).gather(1, self.places)


def choose_weights(model: nn.Module, seed: int) -> None:
    """Let, in every convolution, as many weights of each channel learn as BatchNorm has there.

    Which ones depends on the seed alone. To be called once the weights have their start values.
    """
    draws = torch.Generator().manual_seed(seed)
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            channels, weights = layer.weight.flatten(1).shape
            order = torch.rand(channels, weights, generator=draws).argsort(dim=1)
            places = order[:, :PER_CHANNEL].to(layer.weight.device)
            parametrize.register_parametrization(layer, "weight", ChosenWeights(layer.weight, places))


def chosen_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The layers some of whose weights were chosen, by name, in the order of the network."""
    return {
        name.removesuffix(".parametrizations.weight.0"): model.get_submodule(
            name.removesuffix(".parametrizations.weight.0")
        )
        for name, module in model.named_modules()
        if isinstance(module, ChosenWeights)
    }


def unchosen_weights(model: nn.Module) -> int:
    """How many weights of those layers were not chosen: parameters of the network that no optimiser knows."""
    chosen = [module for module in model.modules() if isinstance(module, ChosenWeights)]
    return sum(module.rest.numel() - module.places.numel() for module in chosen)
