"""From the settings of a run to its data set."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np

from experiments.training.data.cache import cached
from experiments.training.data.cifar10 import CIFAR10_IMAGES, cifar10_images, cifar10_source
from experiments.training.data.dataset import DataError, Dataset, Images, ImageSet, Report, Source, of_classes
from experiments.training.data.folder import folder_source
from experiments.training.data.mislabel import long_tailed, with_wrong_labels
from experiments.training.data.split import split_rows
from experiments.training.data.synthetic import synthetic_source
from experiments.training.setting_checks import NAMED_DATA
from experiments.training.settings import TrainSettings

CACHE = "cache"  # folder in data_dir
CHUNK = 1000  # images looked at together for the statistics
EVERY_CLASS = slice(None)

Channels = tuple[float, float, float]


def load_dataset(
    settings: TrainSettings, report: Report | None = None, classes: slice = EVERY_CLASS
) -> Dataset:
    """The data of a run, decoded or read from the cache; `report` hears how long work goes on.

    Of some `classes` alone, these are the classes that there are, also for the sizes of subsets.
    Raises DataError.
    """
    folder = Path(settings.data_dir).expanduser()
    source = _source(settings, folder)
    every, content = cached(source, folder / CACHE, report or _silence)
    decoded = of_classes(every, classes)
    if decoded is not every and len(decoded.classes) < 2:
        raise DataError(
            f"source_classes leaves {len(decoded.classes)} of the {len(every.classes)} classes of "
            f"{source.name}, and it takes two to tell apart"
        )
    split = split_rows(
        decoded.classes,
        decoded.train.labels,
        decoded.test.labels,
        subset=settings.subset,
        test_subset=settings.test_subset,
        validation=settings.validation,
        seed=settings.split_seed,
    )
    train = _training_images(decoded.train.rows(split.train), len(decoded.classes), settings)
    mean, std = _statistics(train.images)
    return Dataset(
        name=source.name,
        classes=decoded.classes,
        train=train,
        validation=decoded.train.rows(split.validation),
        test=_test_images(decoded.test.rows(split.test), settings),
        mean=mean,
        std=std,
        split_hash=split.hash(content if decoded is every else f"{content} {decoded.classes}"),
        note=f"{source.note}, sha256 {content}",
    )


def _training_images(images: ImageSet, classes: int, settings: TrainSettings) -> ImageSet:
    if settings.imbalance > 1:
        images = images.rows(long_tailed(images.labels, settings.imbalance, classes))
    if settings.label_noise:
        images = with_wrong_labels(images, settings.label_noise, classes, settings.split_seed)
    return images


def _test_images(images: ImageSet, settings: TrainSettings) -> ImageSet:
    if settings.test_corruption == "none":
        return images
    from experiments.training.data.corruption import corrupted

    return ImageSet(corrupted(images.images, settings.test_corruption, settings.test_severity), images.labels)


def _silence(what: str, done: int, total: int) -> None:
    pass


def _source(settings: TrainSettings, folder: Path) -> Source:
    if settings.data == "cifar10":
        images = folder / CIFAR10_IMAGES
        return cifar10_images(images) if images.is_dir() else cifar10_source(folder)
    if settings.data == "synthetic":
        return synthetic_source()
    path = Path(settings.data).expanduser()
    close = difflib.get_close_matches(settings.data, NAMED_DATA, n=1)
    if close and not path.exists():
        raise DataError(f"there is no '{path}' to read images from; did you mean data={close[0]}?")
    return folder_source(path, settings.resize)


def _statistics(images: Images) -> tuple[Channels, Channels]:
    """Mean and standard deviation per channel of images as 0..1, exact before the last division."""
    total, squares = np.zeros(3), np.zeros(3)
    for start in range(0, len(images), CHUNK):
        values = images[start : start + CHUNK].reshape(-1, 3).astype(np.float64)
        total += values.sum(axis=0)
        squares += np.einsum("nc,nc->c", values, values)
    count = images.size // 3
    mean = total / count
    std = np.sqrt(squares / count - mean**2)
    # at least one level, as a flat channel has no scale
    return _channels(mean / 255), _channels(np.maximum(std, 1) / 255)


def _channels(values: np.ndarray) -> Channels:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
