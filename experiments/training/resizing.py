"""Progressive resizing: small images first, full size at the end."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from experiments.training.state import TrainState


def sized(images: Tensor, state: TrainState) -> Tensor:
    """The images at the side that this part of the run trains with."""
    sides = state.settings.image_sides
    if not sides:
        return images
    side = sides[min(state.step * len(sides) // state.total_steps, len(sides) - 1)]
    if images.shape[2:] == (side, side):
        return images
    return interpolate(images, size=(side, side), mode="bilinear", antialias=True, align_corners=False)
