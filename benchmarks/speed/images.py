"""Images of noise: what is in them changes no speed."""

from __future__ import annotations

import numpy as np

from experiments.training.data import Dataset, ImageSet

CLASSES = tuple("abcdefghij")


def noise(count: int, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """So many images (n, side, side, 3) of uint8, and labels (n,) from 0 to 9."""
    random = np.random.default_rng(0)
    return random.integers(0, 256, (count, side, side, 3), dtype=np.uint8), np.arange(count) % len(CLASSES)


def noise_data(train: int, validation: int, test: int) -> Dataset:
    """The same as a data set of ours."""
    sets = {"train": train, "validation": validation, "test": test}
    return Dataset(
        name="noise",
        classes=CLASSES,
        mean=(0.49, 0.48, 0.45),
        std=(0.25, 0.24, 0.26),
        split_hash="",
        note="for benchmarks",
        **{name: ImageSet(*noise(count)) for name, count in sets.items()},
    )
