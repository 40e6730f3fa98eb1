"""Whether training, validation and test images are distributed alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from experiments.training.data import ImageSet
from experiments.training.measures.look import Look
from experiments.training.results import Measured, Result, Table

CHANNELS = ("red", "green", "blue")
CHUNK = 1000  # images that are read at once
COLUMNS = ("split", "images", "channel", "mean", "std", "mean_shift", "ks_distance")

Levels = npt.NDArray[np.float64]


def splits(look: Look) -> Iterator[Result]:
    """Once, at the start: mean and deviation per channel, and the distance of each split to training.

    Labels are not looked at.
    """
    if look.state.epoch > 0:
        return
    sets = {"train": look.dataset.train, "validation": look.dataset.validation, "test": look.dataset.test}
    described = {name: _described(images) for name, images in sets.items() if len(images.labels)}
    means, _ = train = described["train"]
    rows: list[tuple[str | float, ...]] = []
    numbers: dict[str, float] = {}
    for name, (of_images, spread) in described.items():
        shifts = np.abs(of_images.mean(axis=0) - means.mean(axis=0)) / np.maximum(train[1], 1 / 255)
        distances = [
            ks_distance(of_images[:, channel], means[:, channel]) for channel in range(len(CHANNELS))
        ]
        for channel, colour in enumerate(CHANNELS):
            mean = float(of_images[:, channel].mean())
            rows.append((
                name, len(of_images), colour, mean, float(spread[channel]), float(shifts[channel]),
                distances[channel],
            ))  # fmt: skip
        if name != "train":
            numbers |= {
                f"splits.{name}_shift": float(shifts.max()),
                f"splits.{name}_distance": max(distances),
            }
    yield Table("splits", COLUMNS, tuple(rows))
    yield Measured(look.state.step, numbers)


def ks_distance(one: Levels, other: Levels) -> float:
    """The largest distance of two samples' distribution functions (Kolmogorov & Smirnov), from 0 to 1."""
    from scipy.stats import ks_2samp  # here, so that other trainings start without scipy

    return float(ks_2samp(one, other, method="asymp").statistic)


def _described(images: ImageSet) -> tuple[Levels, Levels]:
    """The mean of each image (n, 3), and the deviation of all pixels (3,), as 0..1."""
    means, squares = [], np.zeros(3)
    for start in range(0, len(images.labels), CHUNK):
        values = images.images[start : start + CHUNK].astype(np.float64) / 255
        means.append(values.mean(axis=(1, 2)))
        squares += np.square(values).mean(axis=(1, 2)).sum(axis=0)
    of_images = np.concatenate(means)
    variance = squares / len(of_images) - of_images.mean(axis=0) ** 2
    return of_images, np.sqrt(np.maximum(variance, 0))
