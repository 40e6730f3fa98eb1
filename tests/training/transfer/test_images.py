"""What a transfer learns from first, and what it is taken to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from experiments.training.data import DataError, load_dataset
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.transfer.start import load_source, load_target
from tests.training.transfer.conftest import Transfer, silent


def test_source_and_target_share_no_class_and_each_counts_from_zero(transfer: Transfer) -> None:
    source = load_source(transfer(), silent)
    target = load_target(transfer(), source, silent)

    assert not set(source.classes) & set(target.classes)
    assert len(source.classes) == len(target.classes) == 5
    for images in (source.train, source.test, target.train, target.validation, target.test):
        assert set(images.labels) == set(range(5))


def test_parts_with_the_same_rows_of_other_classes_have_split_hashes_of_their_own(transfer: Transfer) -> None:
    settings = replace(transfer().pretraining, subset=0, validation=0.0)
    parts = [load_dataset(settings, classes=classes) for classes in (slice(5), slice(5, None), slice(None))]
    assert len(parts[0].train.labels) == len(parts[1].train.labels)
    assert len({part.split_hash for part in parts}) == 3


def test_a_target_has_the_images_that_the_whole_data_have_under_its_classes(transfer: Transfer) -> None:
    whole = load_dataset(TrainSettings(data_dir=transfer().data_dir, validation=0))
    settings = transfer(source_classes=3, subset=0, test_subset=0, validation=0)
    target = load_target(settings, load_source(settings, silent), silent)

    assert target.classes == whole.classes[3:]
    assert np.array_equal(target.train.images, whole.train.images[whole.train.labels >= 3])
    assert np.array_equal(target.test.labels, whole.test.labels[whole.test.labels >= 3] - 3)


def test_a_target_is_normalised_as_its_source(transfer: Transfer) -> None:
    settings = transfer(target_corruption="darker", target_severity=5)
    source = load_source(settings, silent)
    target = load_target(settings, source, silent)

    assert (target.mean, target.std) == (source.mean, source.std)
    assert target.train.images.mean() < 255 * source.mean[0] / 2


def test_every_set_of_a_target_is_corrupted_with_noise_of_its_own(transfer: Transfer) -> None:
    source = load_source(transfer(), silent)
    clean = load_target(transfer(), source, silent)
    noisy = load_target(transfer(target_corruption="noise"), source, silent)

    noises = [
        np.subtract(getattr(noisy, part).images[:6], getattr(clean, part).images[:6], dtype=float)
        for part in ("train", "validation", "test")
    ]
    assert all(10 < noise.std() < 25 for noise in noises)
    assert abs(np.corrcoef([noise.ravel() for noise in noises]) - np.eye(3)).max() < 0.05
    assert noisy.mean == clean.mean


def test_too_few_and_too_many_classes_are_refused_where_they_are_counted(transfer: Transfer) -> None:
    with pytest.raises(DataError, match="source_classes leaves 1 of the 10 classes of synthetic"):
        load_target(transfer(source_classes=9), load_source(transfer(source_classes=9), silent), silent)
    with pytest.raises(DataError, match="source_classes=11 is more than the 10 classes of synthetic"):
        load_source(transfer(source_classes=11), silent)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_classes": 1}, "source_classes=1 must be at least 2, or 0"),
        ({"source_lr": -1.0}, "source_lr=-1.0 must be a finite number above 0"),
        ({"source_epochs": 0}, "source_epochs=0 must be at least 1"),
        ({"source": ""}, "source='' must be same"),
        ({"source_classes": 0, "subset": 50}, "source_subset=60 must be subset=50"),
        ({"target_corruption": "dark"}, "did you mean 'darker'"),
        ({"target_severity": 6}, "target_severity=6 must be from 1 to 5"),
        ({"target_corruption": "blur", "test_corruption": "blur"}, "changes the test images already"),
        ({"norm": "ghost", "ghost_size": 12}, "ghost_size=12 must divide"),
    ],
)
def test_what_cannot_be_transferred_is_refused_by_name(
    changes: dict[str, Any], words: str, transfer: Transfer
) -> None:
    with pytest.raises(SettingsError) as refused:
        transfer(**changes)
    assert words in str(refused.value)
