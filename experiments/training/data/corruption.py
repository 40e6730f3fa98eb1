"""Test images that are worse than those trained with, by torchvision's transforms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from experiments.training.data.dataset import Images

CHUNK = 1000  # images changed together
NOISE_DRAW = 0x6E6F6973  # keeps these draws apart from others made with the same seed

Corrupt: TypeAlias = Callable[[Tensor, int], Tensor]  # uint8 (n, 3, H, W), severity from 1 to 5


def corrupted(images: Images, corruption: str, severity: int, draw: int = 0) -> Images:
    """The images after a corruption by name; the same ones every time. Images (n, H, W, 3) uint8.

    Noise is drawn anew for each number of a `draw`.
    """
    change = CORRUPTIONS[corruption]
    changed = np.empty_like(images)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(NOISE_DRAW + draw)
        for start in range(0, len(images), CHUNK):
            part = torch.from_numpy(np.array(images[start : start + CHUNK])).permute(0, 3, 1, 2)
            changed[start : start + CHUNK] = change(part, severity).permute(0, 2, 3, 1).numpy()
    return changed


# ---------------------------------------------------------------------------------------------------
# Each takes uint8 images and gives uint8 images; what a severity means stands in its table


def _unchanged(images: Tensor, severity: int) -> Tensor:  # noqa: ARG001
    return images


def _adjusted(transform: str, factors: tuple[float, ...], images: Tensor, severity: int) -> Tensor:
    from torchvision.transforms.v2 import functional

    changed: Tensor = getattr(functional, transform)(images, factors[severity - 1])
    return changed


def _blurred(sigmas: tuple[float, ...], images: Tensor, severity: int) -> Tensor:
    from torchvision.transforms.v2 import functional

    changed: Tensor = functional.gaussian_blur(images, kernel_size=[5, 5], sigma=[sigmas[severity - 1]])
    return changed


def _noisy(deviations: tuple[float, ...], images: Tensor, severity: int) -> Tensor:
    from torchvision.transforms.v2 import functional

    deviation = deviations[severity - 1]
    values: Tensor = functional.gaussian_noise(images.float() / 255, mean=0.0, sigma=deviation)
    return (values * 255).round().to(torch.uint8)


CORRUPTIONS: dict[str, Corrupt] = {
    "none": _unchanged,
    "brighter": partial(_adjusted, "adjust_brightness", (1.2, 1.4, 1.6, 1.8, 2.0)),
    "darker": partial(_adjusted, "adjust_brightness", (0.8, 0.65, 0.5, 0.35, 0.2)),
    "less_contrast": partial(_adjusted, "adjust_contrast", (0.75, 0.6, 0.45, 0.3, 0.15)),
    "blur": partial(_blurred, (0.4, 0.6, 0.8, 1.0, 1.3)),  # standard deviation in pixels
    "noise": partial(_noisy, (0.02, 0.04, 0.06, 0.08, 0.1)),  # standard deviation, where white is 1
}
