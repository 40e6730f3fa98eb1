"""Corrupted test images are worse in the way their name says, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.training.data import load_dataset
from experiments.training.data.corruption import CORRUPTIONS, corrupted
from experiments.training.settings import TrainSettings

IMAGES = np.random.default_rng(1).integers(30, 200, (20, 16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", sorted(CORRUPTIONS.keys() - {"none"}))
def test_a_higher_severity_changes_more(name: str) -> None:
    moved = [
        np.abs(corrupted(IMAGES, name, severity).astype(float) - IMAGES).mean() for severity in range(1, 6)
    ]
    assert moved == sorted(moved)
    assert moved[0] > 0


@pytest.mark.parametrize("name", sorted(CORRUPTIONS.keys() - {"none"}))
def test_the_same_images_come_out_every_time_and_the_given_ones_stay(name: str) -> None:
    before = IMAGES.copy()
    assert np.array_equal(corrupted(IMAGES, name, 3), corrupted(IMAGES, name, 3))
    assert np.array_equal(IMAGES, before)


def test_corruptions_do_what_their_names_say() -> None:
    assert corrupted(IMAGES, "brighter", 3).mean() > IMAGES.mean() > corrupted(IMAGES, "darker", 3).mean()
    assert corrupted(IMAGES, "less_contrast", 3).std() < IMAGES.std() < corrupted(IMAGES, "noise", 5).std()
    assert corrupted(IMAGES, "blur", 3).std() < IMAGES.std()


def test_only_the_test_images_of_a_run_are_corrupted(tmp_path: object) -> None:
    sizes = {"data": "synthetic", "data_dir": str(tmp_path), "subset": 100, "test_subset": 50}
    plain = load_dataset(TrainSettings.from_config(sizes))
    worse = load_dataset(TrainSettings.from_config({**sizes, "test_corruption": "darker"}))
    assert worse.test.images.mean() < plain.test.images.mean()
    assert np.array_equal(worse.validation.images, plain.validation.images)
    assert np.array_equal(worse.train.images, plain.train.images)
    assert worse.split_hash == plain.split_hash
