"""Training labels made wrong, or classes made rare, on purpose."""

from __future__ import annotations

import numpy as np

from experiments.training.data.dataset import ImageSet, Labels, Rows

LABEL_DRAW = 0x6C61626C  # keeps these draws apart from others made with the same seed


def with_wrong_labels(images: ImageSet, share: float, classes: int, seed: int) -> ImageSet:
    """The same images, of which this share has the label of another class, each other class alike."""
    random = np.random.default_rng([LABEL_DRAW, seed])
    labels = images.labels.copy()
    chosen = random.permutation(len(labels))[: round(share * len(labels))]
    labels[chosen] = (labels[chosen] + random.integers(1, classes, len(chosen))) % classes
    return ImageSet(images.images, labels)


def long_tailed(labels: Labels, imbalance: float, classes: int) -> Rows:
    """The rows to keep so that the first class is `imbalance` times as frequent as the last.

    In between, the number of images falls by the same factor from class to class (Cui et al. 2019).
    """
    counts = np.bincount(labels, minlength=classes)
    shares = imbalance ** (-np.arange(classes) / max(1, classes - 1))
    sizes = np.maximum(1, np.round(counts * shares)).astype(int)
    kept = [np.flatnonzero(labels == each)[:size] for each, size in enumerate(sizes)]
    return np.sort(np.concatenate(kept)).astype(np.int64)
