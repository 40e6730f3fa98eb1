"""The batch size beyond which larger batches say little more about where to step."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from experiments.training.evaluate import forward
from experiments.training.measures.look import Look
from experiments.training.measures.moments import is_moment
from experiments.training.modes import rehearsing
from experiments.training.results import Measured, Result
from experiments.training.state import TrainState

LOOKS = 10
BATCHES = 16  # that the estimate is made of, or as many as there are


def noise_scale(look: Look) -> Iterator[Result]:
    """The simple noise scale of McCandlish et al. 2018 (appendix A), from gradients at two batch sizes."""
    state = look.state
    if not state.trainable or not is_moment(state.epoch, state.settings.epochs, LOOKS):
        return
    size = state.settings.forward_batch
    count = min(BATCHES, len(look.training) // size)
    if count < 2:
        return
    batches = look.training.epoch(size, state.settings.seed, 0, False)
    gradients = [
        _gradient(state, images, labels) for (images, labels), _ in zip(batches, range(count), strict=False)
    ]
    squares = [gradient.square().sum().item() for gradient in gradients]
    together = torch.stack(gradients).mean(dim=0).square().sum().item()
    signal, noise = signal_and_noise(fmean(squares), together, size, size * count)
    numbers = {"noise_scale.signal": signal, "noise_scale.noise": noise}
    if signal > 0:  # else the noise hides it altogether, and there is no scale to tell
        numbers["noise_scale.batch"] = noise / signal
    yield Measured(state.step, numbers)


def signal_and_noise(small: float, large: float, small_size: int, large_size: int) -> tuple[float, float]:
    """Unbiased: the squared length of the true gradient, and the trace of one image's covariance.

    `small` and `large` are mean squared lengths of gradients over batches of these sizes.
    """
    signal = (large_size * large - small_size * small) / (large_size - small_size)
    noise = (small - large) / (1 / small_size - 1 / large_size)
    return signal, noise


def _gradient(state: TrainState, images: Tensor, labels: Tensor) -> Tensor:
    """The gradient of the cross entropy by everything that learns, flat, in train mode."""
    with rehearsing(state.model):
        state.model.train()
        loss = cross_entropy(forward(state.model, images, state.precision), labels)
        learning = [
            parameter for name, parameter in state.model.named_parameters() if name in state.trainable
        ]
        gradients = torch.autograd.grad(loss, learning, allow_unused=True)
    return torch.cat([gradient.flatten().float() for gradient in gradients if gradient is not None])
