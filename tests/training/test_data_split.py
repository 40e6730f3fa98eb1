"""Which images train, validate or test."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from experiments.training.data import DataError
from experiments.training.data.split import Split, split_rows

CLASSES = ("cat", "dog", "emu")
TRAIN = np.repeat(np.arange(3), [60, 30, 10])
TEST = np.repeat(np.arange(3), [12, 6, 2])


def _split(train: Any = TRAIN, **changes: Any) -> Split:
    settings = {"subset": 0, "test_subset": 0, "validation": 0.1, "seed": 0, **changes}
    return split_rows(CLASSES, np.asarray(train), TEST, **settings)


def _counts(labels: Any, rows: Any) -> list[int]:
    counts: list[int] = np.bincount(labels[rows], minlength=3).tolist()
    return counts


def test_every_image_is_in_one_set() -> None:
    split = _split()
    assert sorted([*split.train, *split.validation]) == list(range(100))
    assert split.test.tolist() == list(range(20))


def test_the_sets_are_stratified() -> None:
    split = _split(subset=50, validation=0.2, test_subset=10)
    assert _counts(TRAIN, split.train) == [24, 12, 4]
    assert _counts(TRAIN, split.validation) == [6, 3, 1]
    assert _counts(TEST, split.test) == [6, 3, 1]


@pytest.mark.parametrize("subset", [6, 7, 13, 29, 50, 99, 100])
@pytest.mark.parametrize("validation", [0.01, 0.1, 0.33, 0.5, 0.99])
def test_every_class_trains_and_validates(subset: int, validation: float) -> None:
    split = _split(subset=subset, validation=validation)
    assert min(_counts(TRAIN, split.train)) >= 1
    assert min(_counts(TRAIN, split.validation)) >= 1
    assert len(split.train) + len(split.validation) == subset
    assert abs(len(split.validation) - validation * subset) <= 3


def test_no_validation_is_an_empty_set() -> None:
    split = _split(validation=0.0)
    assert len(split.validation) == 0
    assert len(split.train) == 100


def test_the_seed_decides_the_split() -> None:
    first, again, other = _split(seed=5), _split(seed=5), _split(seed=6)
    assert np.array_equal(first.validation, again.validation)
    assert not np.array_equal(first.validation, other.validation)
    assert first.hash("x") == again.hash("x") != other.hash("x")


def test_the_seed_decides_the_test_images_of_a_subset() -> None:
    assert not np.array_equal(_split(seed=5, test_subset=10).test, _split(seed=6, test_subset=10).test)


def test_a_smaller_subset_is_part_of_a_larger_one() -> None:
    small, large = _split(subset=20, validation=0.0), _split(subset=40, validation=0.0)
    assert set(small.train) < set(large.train)


def test_the_test_images_do_not_depend_on_the_training_settings() -> None:
    assert np.array_equal(_split(test_subset=10).test, _split(test_subset=10, subset=30, validation=0.5).test)


def test_the_hash_tells_splits_and_contents_apart() -> None:
    rows = [np.array(rows, np.int64) for rows in ([0, 1], [2], [0])]
    base = Split(*rows)
    others = [
        Split(rows[0][:1], np.array([1, 2]), rows[2]),
        Split(rows[1], rows[0], rows[2]),
        Split(rows[0], rows[1], np.array([1])),
        Split(rows[0], np.array([2, 0]), np.array([], np.int64)),
    ]
    hashes = {base.hash("x"), base.hash("y"), *(other.hash("x") for other in others)}
    assert len(hashes) == 6


def test_more_than_there_is_is_refused() -> None:
    with pytest.raises(DataError, match=r"subset=101 is more than the 100 images"):
        _split(subset=101)
    with pytest.raises(DataError, match=r"test_subset=21 is more than the 20 images"):
        _split(test_subset=21)


def test_too_few_for_every_class_is_refused() -> None:
    with pytest.raises(DataError, match=r"subset=5 is too few.*subset=6 or more"):
        _split(subset=5)
    with pytest.raises(DataError, match=r"subset=2 is too few.*subset=3 or more"):
        _split(subset=2, validation=0.0)
    with pytest.raises(DataError, match=r"test_subset=2 is too few.*test_subset=3 or more"):
        _split(test_subset=2)
    assert _counts(TRAIN, _split(subset=3, validation=0.0).train) == [1, 1, 1]


@pytest.mark.parametrize("subset", [0, 8])
def test_a_class_of_one_image_cannot_validate_too(subset: int) -> None:
    with pytest.raises(DataError, match=r"class 'emu' has one image.*validation=0"):
        _split(train=np.repeat(np.arange(3), [5, 4, 1]), subset=subset)
