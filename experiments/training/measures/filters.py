"""Pictures of the first layer's filters, and of what they answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from experiments.training.evaluate import forward
from experiments.training.measures.look import Look
from experiments.training.modes import unchanged
from experiments.training.results import Picture, Result

# Fixed, so that pictures of different runs can be held side by side.
FILTER_RANGE = (-0.8, 0.8)  # three standard deviations of He's start for 27 inputs
ANSWER_RANGE = (0.0, 3.0)  # of a normalised channel behind its activation
IMAGES = 8  # whose answers are shown

MAP = "viridis, ten colours with straight lines between them"
COLOURS = (
    (68, 1, 84), (72, 40, 120), (62, 73, 137), (49, 104, 142), (38, 130, 142),
    (31, 158, 137), (53, 183, 121), (110, 206, 88), (181, 222, 43), (253, 231, 37),
)  # fmt: skip
BORDER = 1  # pixels between two tiles
ENLARGED = 6  # how many pixels a weight is wide

Values = npt.NDArray[np.float64]


def filters_at_start(look: Look) -> Iterator[Result]:
    """The filters before the first step."""
    if look.state.epoch == 0:
        yield _filters(look, "filters_start")


def filters_at_end(look: Look) -> Iterator[Result]:
    """The filters of the end, and what the stem answers to a few training images in eval mode."""
    yield _filters(look, "filters_end")
    stem, answers = look.state.model.get_submodule("stem"), []
    hook = stem.register_forward_hook(lambda _layer, _images, output: answers.append(output))
    try:
        with unchanged(look.state.model):
            look.state.model.eval()
            forward(look.state.model, look.images[0][:IMAGES], look.state.precision)
    finally:
        hook.remove()
    yield picture("answers", _array(answers[0]), ANSWER_RANGE, enlarged=1)


def picture(name: str, tiles: Values, scale: tuple[float, float], enlarged: int) -> Picture:
    """Tiles (rows, columns, height, width) as a PNG that says itself how it is to be read."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    low, high = scale
    facts: dict[str, Any] = {
        "vmin": low, "vmax": high, "map": MAP,
        "clipped": float(np.mean((tiles < low) | (tiles > high))),
        "smallest": float(tiles.min()), "largest": float(tiles.max()),
    }  # fmt: skip
    text = PngInfo()
    for key, value in facts.items():
        text.add_text(key, str(value))
    file = io.BytesIO()
    Image.fromarray(_laid_out(colours_of(tiles, scale), enlarged)).save(file, "PNG", pnginfo=text)
    return Picture(name, file.getvalue(), facts)


def colours_of(values: Values, scale: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """A colour (..., 3) for each value; what lies outside of the scale has the colour of its end."""
    low, high = scale
    place = np.clip((values - low) / (high - low), 0, 1)
    stops = np.linspace(0, 1, len(COLOURS))
    channels = [np.interp(place, stops, [colour[channel] for colour in COLOURS]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def _laid_out(tiles: npt.NDArray[np.uint8], enlarged: int) -> npt.NDArray[np.uint8]:
    """Tiles (rows, columns, height, width, 3) side by side on white."""
    tiles = tiles.repeat(enlarged, axis=2).repeat(enlarged, axis=3)
    rows, columns, height, width, _ = tiles.shape
    page = np.full((rows * (height + BORDER) + BORDER, columns * (width + BORDER) + BORDER, 3), 255, np.uint8)
    for row in range(rows):
        for column in range(columns):
            down, right = row * (height + BORDER) + BORDER, column * (width + BORDER) + BORDER
            page[down : down + height, right : right + width] = tiles[row, column]
    return page


def _filters(look: Look, name: str) -> Picture:
    """A row for each colour of the image, a column for each filter."""
    layer = look.state.model.get_submodule("stem.conv")
    assert isinstance(layer, nn.Conv2d)
    return picture(name, _array(layer.weight.transpose(0, 1)), FILTER_RANGE, ENLARGED)


def _array(values: Tensor) -> Values:
    found: Values = values.detach().double().cpu().numpy()
    return found
