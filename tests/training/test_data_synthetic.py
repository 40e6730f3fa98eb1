"""The images of the recipe, loaded as a run loads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.training.data import Dataset, load_dataset
from experiments.training.data.synthetic import CLASSES, draw
from experiments.training.settings import TrainSettings


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data_dir for all tests, so that the images are drawn once."""
    return tmp_path_factory.mktemp("kept")


def _load(kept: Path, **changes: Any) -> Dataset:
    return load_dataset(TrainSettings(data="synthetic", data_dir=str(kept), **changes))


def test_there_are_ten_balanced_classes_of_32_by_32_colour_images(kept: Path) -> None:
    dataset = _load(kept)
    assert dataset.classes == CLASSES
    assert len(set(CLASSES)) == 10
    assert dataset.train.images.shape == (4500, 32, 32, 3)
    assert dataset.train.images.dtype == np.uint8
    for images, each in ((dataset.train, 450), (dataset.validation, 50), (dataset.test, 100)):
        assert np.bincount(images.labels).tolist() == [each] * 10


def test_the_same_seed_draws_the_same_images() -> None:
    labels = np.arange(20) % 10
    first, again = (draw(labels, np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, draw(labels, np.random.default_rng(4)))


def test_every_training_seed_sees_the_same_data(kept: Path) -> None:
    first, other = _load(kept, seed=1), _load(kept, seed=2)
    assert first.split_hash == other.split_hash
    assert np.array_equal(first.train.images, other.train.images)


def test_the_split_seed_decides_the_split(kept: Path) -> None:
    first, other = _load(kept, split_seed=1), _load(kept, split_seed=2)
    assert first.split_hash != other.split_hash
    assert np.array_equal(first.test.images, other.test.images)


def test_sets_share_no_image(kept: Path) -> None:
    dataset = _load(kept, subset=500, test_subset=100)
    seen = [
        {image.tobytes() for image in part.images}
        for part in (dataset.train, dataset.validation, dataset.test)
    ]
    assert [len(part) for part in seen] == [450, 50, 100]
    assert len(set.union(*seen)) == 600


def test_labels_stay_with_their_images_through_the_split(kept: Path) -> None:
    whole = _load(kept, validation=0.0).train
    label = {image.tobytes(): number for image, number in zip(whole.images, whole.labels, strict=True)}
    part = _load(kept, subset=200, validation=0.5)
    for images in (part.train, part.validation):
        assert [label[image.tobytes()] for image in images.images] == images.labels.tolist()


def test_an_unsplit_set_stays_memory_mapped(kept: Path) -> None:
    dataset = _load(kept, validation=0.0)
    assert isinstance(dataset.train.images, np.memmap)
    assert isinstance(dataset.test.images, np.memmap)
    assert dataset.validation.images.shape == (0, 32, 32, 3)


def test_the_statistics_are_those_of_the_training_images_alone(kept: Path) -> None:
    dataset = _load(kept, subset=1500, validation=0.2)
    pixels = dataset.train.images.reshape(-1, 3) / 255
    assert dataset.mean == pytest.approx(pixels.mean(axis=0), abs=1e-9)
    assert dataset.std == pytest.approx(pixels.std(axis=0), abs=1e-9)


def test_the_note_tells_recipe_and_content(kept: Path) -> None:
    assert "recipe" in (note := _load(kept).note)
    assert len(note.split("sha256 ")[1]) == 64


def test_colour_alone_does_not_tell_the_classes(kept: Path) -> None:
    """The best guess from the mean colour, with Gaussian classes, is far from what training reaches."""
    dataset = _load(kept, validation=0.0)
    train, test = (part.images.mean(axis=(1, 2)) for part in (dataset.train, dataset.test))
    scores = []
    for number in range(10):
        own = train[dataset.train.labels == number]
        spread = np.cov(own.T)
        away = test - own.mean(axis=0)
        distance = np.einsum("ni,ij,nj->n", away, np.linalg.inv(spread), away)
        scores.append(-distance - np.linalg.slogdet(spread)[1])
    assert 0.15 < np.mean(np.argmax(scores, axis=0) == dataset.test.labels) < 0.4
