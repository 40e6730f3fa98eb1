"""A probe finds what features tell."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.measures.probe import RIDGE, Features, linear_accuracy, neighbours_accuracy
from experiments.training.results import Measured
from experiments.training.settings import TrainSettings

CLASSES = 3


def features(number: int, seed: int, told: float) -> Features:
    """Noise of four numbers, the first three of which tell the class by `told`."""
    labels = torch.arange(number) % CLASSES
    values = torch.randn(number, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    values[:, :CLASSES] += told * torch.eye(CLASSES, dtype=torch.float64)[labels]
    return values, labels


@pytest.mark.parametrize("accuracy", [linear_accuracy, neighbours_accuracy])
def test_features_that_tell_the_class_are_read_and_noise_is_not(
    accuracy: Callable[[Features, Features, int], float],
) -> None:
    assert accuracy(features(300, 0, told=10), features(300, 1, told=10), CLASSES) == 100
    assert accuracy(features(300, 0, told=0), features(300, 1, told=0), CLASSES) < 45


def test_the_linear_probe_answers_as_ridge_regression_by_least_squares_does() -> None:
    (values, labels), (asked, answers) = features(60, 0, told=1), features(200, 1, told=1)
    mean, spread = values.numpy().mean(0), values.numpy().std(0, ddof=1)
    known = np.c_[(values.numpy() - mean) / spread, np.ones(60)]
    penalty = np.c_[np.sqrt(RIDGE * 60) * np.eye(4), np.zeros(4)]
    targets = np.r_[np.eye(CLASSES)[labels], np.zeros((4, CLASSES))]
    weights = np.linalg.lstsq(np.r_[known, penalty], targets, rcond=None)[0]
    found = (np.c_[(asked.numpy() - mean) / spread, np.ones(200)] @ weights).argmax(1)
    expected = 100 * (found == answers.numpy()).mean()
    assert 40 < expected < 95
    assert linear_accuracy((values, labels), (asked, answers), CLASSES) == pytest.approx(expected)


def test_features_that_are_all_dead_are_answered_by_chance() -> None:
    labels = torch.arange(30) % CLASSES
    dead = torch.zeros(30, 4, dtype=torch.float64), labels
    assert linear_accuracy(dead, dead, CLASSES) == pytest.approx(100 / CLASSES)
    assert neighbours_accuracy(dead, dead, CLASSES) == pytest.approx(100 / CLASSES, abs=20)


def test_a_run_is_probed_once_at_its_end(
    make_settings: Callable[..., TrainSettings], dataset: Dataset
) -> None:
    results = train(start(make_settings(measure="probe"), dataset), dataset)
    probed = [
        result
        for result in results
        if isinstance(result, Measured) and "probe.knn_accuracy" in result.numbers
    ]
    assert len(probed) == 1
    assert probed[0].step == 8
    assert probed[0].numbers["probe.linear_accuracy"] > 50  # four classes of different greys
