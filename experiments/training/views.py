"""Views of a test image whose probabilities are averaged."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

SHIFT = 1  # pixel
MARGIN = 16  # a crop leaves out this part of each side: two pixels of 32

View: TypeAlias = Callable[[Tensor], Tensor]  # images (n, 3, H, W) to as many of the same size


def _as_it_is(images: Tensor) -> Tensor:
    return images


def _flipped(images: Tensor) -> Tensor:
    return images.flip(3)


def _shifted(down: int, right: int) -> View:
    """The images moved, with their own edge repeated behind them."""

    def move(images: Tensor) -> Tensor:
        wide = pad(images, (SHIFT, SHIFT, SHIFT, SHIFT), mode="replicate")
        height, width = images.shape[2:]
        top, left = SHIFT - down, SHIFT - right
        return wide[:, :, top : top + height, left : left + width]

    return move


def _cropped(images: Tensor) -> Tensor:
    """The middle of the images, drawn to their size."""
    height, width = images.shape[2:]
    top, left = max(1, height // MARGIN), max(1, width // MARGIN)
    middle = images[:, :, top : height - top, left : width - left]
    return interpolate(middle, size=(height, width), mode="bilinear", align_corners=False)


def _flipped_too(views: tuple[View, ...]) -> tuple[View, ...]:
    return (*views, *((lambda images, view=view: _flipped(view(images))) for view in views))


_SHIFTED = (_as_it_is, _shifted(SHIFT, SHIFT), _shifted(-SHIFT, -SHIFT))

VIEWS: dict[str, tuple[View, ...]] = {
    "one": (_as_it_is,),
    "flip": (_as_it_is, _flipped),
    "shift": _SHIFTED,
    "crop": (_as_it_is, _cropped),
    "flip+shift": _flipped_too(_SHIFTED),
    "flip+shift+crop": _flipped_too((*_SHIFTED, _cropped)),
}


def over_views(predict: Callable[[Tensor], Tensor], images: Tensor, views: str) -> Tensor:
    """The outputs of a network, (n, classes); of several views the logarithm of their mean probability."""
    if views == "one":
        return predict(images)
    logs = torch.stack([predict(view(images)).log_softmax(dim=1) for view in VIEWS[views]])
    return logs.logsumexp(dim=0) - math.log(len(logs))
