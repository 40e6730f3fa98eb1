"""What a data set is to a training run, with the error that refuses a bad one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]  # (N, H, W, 3)
Labels = npt.NDArray[np.int64]  # (N,)
Rows = npt.NDArray[np.int64]  # which images of a pool

Report = Callable[[str, int, int], None]  # what, done, total: the progress of long work


class DataError(Exception):
    """Images that cannot be trained with; one sentence naming the file or class, with the remedy."""


@dataclass(frozen=True)
class ImageSet:
    """Images with their labels, in the same order."""

    images: Images  # memory-mapped where the set is a whole pool, else a copy of its rows
    labels: Labels

    def rows(self, rows: Rows) -> ImageSet:
        """The images at these rows; all of them in order stay memory-mapped."""
        if np.array_equal(rows, np.arange(len(self.labels))):
            return self
        return ImageSet(self.images[rows], self.labels[rows])


@dataclass(frozen=True)
class Decoded:
    """All images of a source as one array, those of training first."""

    classes: tuple[str, ...]
    images: Images
    labels: Labels
    training: int  # how many of them are for training; the rest is the test set

    @property
    def train(self) -> ImageSet:
        """The images to split into training and validation."""
        return ImageSet(self.images[: self.training], self.labels[: self.training])

    @property
    def test(self) -> ImageSet:
        """The images to test with."""
        return ImageSet(self.images[self.training :], self.labels[self.training :])


def of_classes(decoded: Decoded, chosen: slice) -> Decoded:
    """The images of these classes alone, which count from 0 again; all of them stay memory-mapped."""
    numbers = np.arange(len(decoded.classes))[chosen]
    if len(numbers) == len(decoded.classes):
        return decoded
    rows = np.flatnonzero(np.isin(decoded.labels, numbers))
    training = int(np.count_nonzero(rows < decoded.training))
    labels = np.searchsorted(numbers, decoded.labels[rows])
    return Decoded(decoded.classes[chosen], decoded.images[rows], labels, training)


@dataclass(frozen=True)
class Source:
    """A place images come from: `key` tells its content apart cheaply, `decode` reads it."""

    name: str
    key: str  # a folder name
    note: str  # for the run's record
    decode: Callable[[Report], Decoded]


@dataclass(frozen=True)
class Dataset:
    """Three sets that share no image, with the statistics of the first."""

    name: str
    classes: tuple[str, ...]
    train: ImageSet
    validation: ImageSet
    test: ImageSet
    mean: tuple[float, float, float]  # per channel of the training images, in 0..1
    std: tuple[float, float, float]
    split_hash: str  # changes whenever which image is in which set changes
    note: str  # where the images come from
