"""A data set and settings that train in a blink."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from experiments.training.data import Dataset, ImageSet
from experiments.training.results import Measured, Result
from experiments.training.settings import TrainSettings

CLASSES = 4


def _images(number: int, seed: int) -> ImageSet:
    """Noise around a grey that tells the class."""
    random = np.random.default_rng(seed)
    labels = np.arange(number, dtype=np.int64) % CLASSES
    grey = 40 + 50 * labels[:, None, None, None]
    images = np.clip(grey + random.normal(0, 30, (number, 16, 16, 3)), 0, 255).astype(np.uint8)
    return ImageSet(images, labels)


def numbers_of(results: list[Result]) -> dict[str, float]:
    """The last number of every measure."""
    return {
        name: value
        for result in results
        if isinstance(result, Measured)
        for name, value in result.numbers.items()
    }


@pytest.fixture
def make_dataset() -> Callable[..., Dataset]:
    """make_dataset(train=70, validation=24, test=30): that many images of four classes."""

    def make(train: int = 70, validation: int = 24, test: int = 30, split_hash: str = "abc") -> Dataset:
        return Dataset(
            name="grey",
            classes=("black", "dark", "light", "white"),
            train=_images(train, 0),
            validation=_images(validation, 1),
            test=_images(test, 2),
            mean=(0.45, 0.45, 0.45),
            std=(0.25, 0.25, 0.25),
            split_hash=split_hash,
            note="made for tests",
        )

    return make


@pytest.fixture
def dataset(make_dataset: Callable[..., Dataset]) -> Dataset:
    """70 training images: four batches of 16, a rest of 6."""
    return make_dataset()


@pytest.fixture
def make_settings() -> Callable[..., TrainSettings]:
    """make_settings(lr=0.2) are tiny settings with these changes."""

    def make(**changes: Any) -> TrainSettings:
        tiny = {"depth": 8, "width": 4, "epochs": 2, "batch_size": 16, "lr": 0.1, "seed": 1}
        return TrainSettings(**{**tiny, "device": "cpu", "precision": "fp32", **changes})

    return make
