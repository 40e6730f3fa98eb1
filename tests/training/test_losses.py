"""Losses have their known values, and labels are wrong or rare as asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from experiments.training.data import Dataset, ImageSet
from experiments.training.data.mislabel import long_tailed, with_wrong_labels
from experiments.training.loop import start, train
from experiments.training.losses import LOSSES
from experiments.training.results import TestResult
from experiments.training.setting_checks import choices_of
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]


def test_losses_of_a_right_and_of_a_wrong_answer_have_their_known_values() -> None:
    outputs, labels = torch.tensor([[10.0, 0.0], [10.0, 0.0]]), torch.tensor([0, 1])
    assert LOSSES["cross_entropy"](outputs, labels, 0.0).tolist() == pytest.approx([0.0, 10.0], abs=1e-3)
    assert LOSSES["squared"](outputs, labels, 0.0).tolist() == pytest.approx([81.0, 101.0])
    assert LOSSES["absolute"](outputs, labels, 0.0).tolist() == pytest.approx([0.0, 2.0], abs=1e-3)
    assert LOSSES["huber"](outputs, labels, 0.0).tolist() == pytest.approx([8.5, 10.0])


def test_cross_entropy_is_torchs_with_its_smoothing() -> None:
    outputs, labels = torch.randn(6, 4), torch.arange(6) % 4
    expected = cross_entropy(outputs, labels, reduction="none", label_smoothing=0.1)
    assert torch.equal(LOSSES["cross_entropy"](outputs, labels, 0.1), expected)


@pytest.mark.parametrize("loss", choices_of("loss"))
def test_every_loss_trains(loss: str, make_settings: MakeSettings, dataset: Dataset) -> None:
    results = list(train(start(make_settings(loss=loss, lr=0.02), dataset), dataset))
    assert isinstance(results[-1], TestResult)


def test_wrong_labels_are_as_many_as_asked_for_and_never_right() -> None:
    images = ImageSet(np.zeros((1000, 2, 2, 3), np.uint8), np.arange(1000) % 10)
    noisy = with_wrong_labels(images, 0.2, 10, seed=1)
    wrong = noisy.labels != images.labels
    assert wrong.sum() == 200
    assert set(noisy.labels) == set(range(10))
    assert np.array_equal(noisy.labels, with_wrong_labels(images, 0.2, 10, seed=1).labels)
    assert not np.array_equal(noisy.labels, with_wrong_labels(images, 0.2, 10, seed=2).labels)


def test_a_long_tail_falls_by_the_same_factor_from_class_to_class() -> None:
    labels = np.arange(10_000) % 10
    counts = np.bincount(labels[long_tailed(labels, 100.0, 10)])
    assert (counts[0], counts[-1]) == (1000, 10)
    assert counts[1:] / counts[:-1] == pytest.approx([100 ** (-1 / 9)] * 9, abs=0.03)
