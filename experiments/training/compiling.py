"""The network through torch's compiler, where the training is long enough to pay for its work.

Convolutions stay what they are; normalisation, activation and sums become one pass over memory. Its sums are
made in another order, so that numbers differ by rounding.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn

from experiments.training.data import Dataset
from experiments.training.modes import evaluating
from experiments.training.setting_conflicts import changing
from experiments.training.state import TrainState

# operations of a training for each layer whose weights are multiplied; measured, see docs/performance.md
WORTH = 1.6e12
PASSES = 3  # of a step, of which each computes as much: forward, gradients of inputs, gradients of weights
# shares of what the backward pass would keep; the rest is computed again; measured, see docs/performance.md
KEPT, KEPT_TO_SAVE_MEMORY = 0.8, 0.6
WEIGHED = (nn.Conv2d, nn.Linear)


def is_compiled(state: TrainState, dataset: Dataset) -> bool:
    """Whether this training passes its images through the compiler's network.

    It is decided by the settings and the kind of device alone, so that the same run decides alike everywhere.
    """
    settings = state.settings
    if settings.compile != "auto":
        return settings.compile == "on"
    if state.device.type != "cpu" or changing(settings):
        return False  # elsewhere than on a processor nothing of it has been measured
    layers, operations = _work_of_an_image(state, dataset)
    images = state.total_steps * settings.batch_size
    return PASSES * operations * images >= WORTH * layers


def _work_of_an_image(state: TrainState, dataset: Dataset) -> tuple[int, int]:
    """How many layers multiply by weights, and the operations of a forward pass in them."""
    operations: list[int] = []

    def count(layer: nn.Module, _inputs: Any, outputs: Tensor) -> None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        operations.append(2 * outputs[0].numel() * weight[0].numel())

    with ExitStack() as stack, evaluating(state.model), torch.no_grad():
        for layer in state.model.modules():
            if isinstance(layer, WEIGHED):
                stack.callback(layer.register_forward_hook(count).remove)
        state.model(torch.zeros(1, 3, *dataset.train.images.shape[1:3], device=state.device))
    return len(operations), sum(operations)


class Compiled:
    """Passes images through a network that the compiler has made of this one, which shares its weights."""

    def __init__(self, state: TrainState) -> None:
        _prepare(state.settings.save_memory)
        self._plain = state.model
        self._quick: Any = torch.compile(state.model, dynamic=False)
        self.trouble = ""  # why it goes on without the compiler

    def __call__(self, images: Tensor) -> Tensor:
        outputs: Tensor
        if not self.trouble:
            from torch._dynamo import exc

            try:
                outputs = self._quick(images)
                return outputs
            except (exc.TorchDynamoException, exc.FailOnRecompileLimitHit) as error:
                self.trouble = _first_line(error)  # raised before anything is computed
        outputs = self._plain(images)
        return outputs


def _prepare(save_memory: bool) -> None:
    """Set up the compiler, which has its settings for the process and not for a network."""
    import torch._functorch.config
    import torch._inductor.config

    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)  # it misses CUDA on a processor
    torch._dynamo.reset()  # networks that are over would count towards the greatest number of variants
    torch._dynamo.config.fail_on_recompile_limit_hit = True  # it would go on plainly without a word
    torch._inductor.config.compile_threads = 1  # processes of its own would outlive an interrupted run
    torch._inductor.config.fallback_random = True  # dropout draws what it draws without the compiler
    torch._functorch.config.activation_memory_budget = KEPT_TO_SAVE_MEMORY if save_memory else KEPT


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0] or type(error).__name__
