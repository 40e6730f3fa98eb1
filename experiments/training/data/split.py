"""Which images train, validate or test: stratified by class, decided by a seed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.training.data.dataset import DataError, Labels, Rows

TRAIN_DRAW, TEST_DRAW = 0, 1  # streams of the split seed


@dataclass(frozen=True)
class Split:
    """Rows of the training pool for training and validation, rows of the test pool; each rising."""

    train: Rows
    validation: Rows
    test: Rows

    def hash(self, content: str) -> str:
        """A hash of which image is in which set, given one of the images."""
        digest = hashlib.sha256(content.encode())
        for rows in (self.train, self.validation, self.test):
            digest.update(f"{len(rows)} rows".encode())  # where one set ends
            digest.update(rows.astype("<i8").tobytes())
        return digest.hexdigest()


def split_rows(
    classes: tuple[str, ...],
    train: Labels,
    test: Labels,
    *,
    subset: int,
    test_subset: int,
    validation: float,
    seed: int,
) -> Split:
    """The split that a seed decides; a smaller `subset` of the same seed is part of a larger one.

    Raises DataError where a set would lack a class.
    """
    sets = 2 if validation else 1  # in which every class of the training pool needs an image
    pool = _draw(train, subset, sets, "subset", np.random.default_rng([seed, TRAIN_DRAW]))
    sizes = np.array([len(rows) for rows in pool])
    if sizes.min() < sets:
        raise DataError(
            f"class '{classes[sizes.argmin()]}' has one image to train with, but validation={validation} "
            "takes one from every class; add images or set validation=0"
        )
    held = np.zeros_like(sizes)
    if validation:
        wanted = round(validation * int(sizes.sum()))
        held = _shares(sizes, min(max(wanted, len(sizes)), int(sizes.sum()) - len(sizes)), 1, sizes - 1)
    tested = _draw(test, test_subset, 1, "test_subset", np.random.default_rng([seed, TEST_DRAW]))
    return Split(
        train=_joined([rows[count:] for rows, count in zip(pool, held, strict=True)]),
        validation=_joined([rows[:count] for rows, count in zip(pool, held, strict=True)]),
        test=_joined(tested),
    )


def _draw(labels: Labels, count: int, sets: int, setting: str, rng: np.random.Generator) -> list[Rows]:
    """Rows of `count` images, or all when 0, by class, each class in random order."""
    by_class = [rng.permutation(np.flatnonzero(labels == label)) for label in range(labels.max() + 1)]
    sizes = np.array([len(rows) for rows in by_class])
    if not count:
        return by_class
    if count > len(labels):
        raise DataError(f"{setting}={count} is more than the {len(labels)} images there are; 0 takes all")
    if count < sets * len(sizes):
        why = "one to train and one to validate with, for each" if sets == 2 else "one for each"
        raise DataError(
            f"{setting}={count} is too few: {len(sizes)} classes need {sets * len(sizes)} images, "
            f"{why}; set {setting}={sets * len(sizes)} or more"
        )
    return [
        rows[:share]
        for rows, share in zip(by_class, _shares(sizes, count, np.minimum(sets, sizes), sizes), strict=True)
    ]


def _shares(
    sizes: npt.NDArray[np.int64], total: int, least: npt.NDArray[np.int64] | int, most: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """`total` shared out in proportion to `sizes`, each share from `least` to `most`."""
    exact = sizes * (total / sizes.sum())
    shares: npt.NDArray[np.int64] = np.clip(np.floor(exact).astype(np.int64), least, most)
    while shares.sum() < total:  # to whom the rounding took most
        shares[np.argmax(np.where(shares < most, exact - shares, -np.inf))] += 1
    while shares.sum() > total:  # `least` gave away more than there is
        shares[np.argmax(np.where(shares > least, shares - exact, -np.inf))] -= 1
    return shares


def _joined(by_class: list[Rows]) -> Rows:
    return np.sort(np.concatenate(by_class))
