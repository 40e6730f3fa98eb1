"""What flows into and out of the layers of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

Flow: TypeAlias = dict[str, Tensor]  # by layer, (n, channels, pixels)


@contextmanager
def inputs_of(model: nn.Module, kinds: tuple[type[nn.Module], ...]) -> Iterator[Flow]:
    """Inside, what the layers of these kinds are given in a pass, in the order in which they are passed."""
    flow: Flow = {}

    def note(name: str) -> Callable[..., None]:
        def hook(_layer: nn.Module, inputs: tuple[Any, ...]) -> None:
            flow[name] = (
                inputs[0].detach().flatten(2) if inputs[0].dim() > 2 else inputs[0].detach()[..., None]
            )

        return hook

    hooks = [
        layer.register_forward_pre_hook(note(name))
        for name, layer in model.named_modules()
        if isinstance(layer, kinds)
    ]
    try:
        yield flow
    finally:
        for handle in hooks:
            handle.remove()


def moments_of(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel, over images and pixels."""
    spread, mean = torch.std_mean(values.float(), dim=(0, 2), correction=0)
    return mean.cpu(), spread.cpu()
