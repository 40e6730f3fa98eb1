"""What is measured inside a network, on numbers whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.measures.drift import drift_between
from experiments.training.measures.moments import is_moment
from experiments.training.measures.noise_scale import signal_and_noise
from experiments.training.measures.settling import distances, order_of_settling
from experiments.training.measures.splits import ks_distance
from experiments.training.results import Measured, Result, Table
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]


def run_of(settings: TrainSettings, dataset: Dataset) -> list[Result]:
    return list(train(start(settings, dataset), dataset))


def table(results: list[Result], name: str) -> Table:
    return next(result for result in results if isinstance(result, Table) and result.name == name)


def series(results: list[Result], name: str) -> list[tuple[int, float]]:
    measured = (result for result in results if isinstance(result, Measured))
    return [(result.step, result.numbers[name]) for result in measured if name in result.numbers]


def test_looks_are_spread_evenly_from_the_start_to_the_end() -> None:
    assert [epoch for epoch in range(161) if is_moment(epoch, 160, 4)] == [0, 40, 80, 120, 160]
    assert all(is_moment(epoch, 3, 10) for epoch in range(4))


# ---------------------------------------------------------------------------------------------------
# Settling


def test_a_layer_half_way_has_half_of_the_way_to_go() -> None:
    start_, end = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 2.0])
    assert distances(start_, start_, end)[:2] == (0, 1)
    assert distances(torch.tensor([1.0, 1.0]), start_, end)[:2] == (1, 0.5)
    assert distances(end, start_, end) == pytest.approx((2, 0, 1))


@pytest.mark.parametrize(("left", "expected"), [([0.1, 0.2, 0.3], 1), ([0.3, 0.2, 0.1], -1)])
def test_layers_that_settle_from_the_first_to_the_last_correlate_with_their_place(
    left: list[float], expected: float
) -> None:
    rows = [(name, 1, 0.0, share, 1.0) for name, share in zip("abc", left, strict=True)]
    assert order_of_settling(rows, frozenset("abc")) == pytest.approx(expected)
    assert order_of_settling(rows[:2], frozenset("abc")) is None


def test_every_layer_that_learns_goes_from_its_start_to_its_end(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = run_of(make_settings(measure="settling", norm="weight_norm", epochs=3), dataset)
    rows = table(results, "settling").rows
    assert [row[1] for row in rows if row[0] == "stem.conv"] == [0, 1, 2, 3]
    assert all(row[2:4] == (0, 1) for row in rows if row[1] == 0)
    assert all(row[3] == 0 for row in rows if row[1] == 3)
    assert -1 <= series(results, "settling.rank_correlation")[0][1] <= 1


def test_where_batchnorm_alone_learns_it_alone_settles(make_settings: MakeSettings, dataset: Dataset) -> None:
    results = run_of(make_settings(measure="settling", trainable="batchnorm"), dataset)
    assert all("norm" in str(row[0]) for row in table(results, "settling").rows)
    assert series(results, "settling.rank_correlation")


# ---------------------------------------------------------------------------------------------------
# Drift


def test_drift_is_told_in_deviations_of_before() -> None:
    before = torch.tensor([1.0, 1.0]), torch.tensor([2.0, 2.0])
    now = torch.tensor([2.0, 1.0]), torch.tensor([2.0, 2.0 * np.e])
    assert drift_between(before, before) == (0, 0)
    assert drift_between(before, now) == pytest.approx((0.25, 0.5))


def test_a_dead_channel_does_not_drift() -> None:
    dead = torch.zeros(2), torch.zeros(2)
    assert drift_between(dead, (torch.ones(2), torch.ones(2))) == (0, 0)


def test_inputs_drift_while_weights_move_and_not_while_nothing_learns(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    moving = run_of(make_settings(measure="drift"), dataset)
    still = run_of(make_settings(measure="drift", trainable="none"), dataset)
    assert [step for step, _ in series(moving, "drift.mean")] == [4, 8]
    assert all(value > 0 for _, value in series(moving, "drift.mean"))
    assert [value for _, value in series(still, "drift.mean")] == [0, 0]
    rows = table(moving, "drift").rows
    assert [row[2:] for row in rows if row[0] == "stem.conv"] == [(0, 0), (0, 0)]  # the same images


# ---------------------------------------------------------------------------------------------------
# Noise scale


def test_signal_and_noise_are_found_in_gradients_that_are_made_of_them() -> None:
    """Gradients of batches of 4: a true one of squared length 9, and noise of variance 2 in 50 numbers."""
    random = np.random.default_rng(1)
    true = np.full(50, 3 / np.sqrt(50))
    batches = true + random.normal(0, np.sqrt(2 / 4), (4000, 8, 50))
    small = np.square(batches).sum(axis=2).mean()
    large = np.square(batches.mean(axis=1)).sum(axis=1).mean()
    signal, noise = signal_and_noise(small, large, 4, 32)
    assert signal == pytest.approx(9, rel=0.02)
    assert noise == pytest.approx(100, rel=0.02)


def test_a_run_estimates_its_noise_at_the_start_and_later(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = run_of(make_settings(measure="noise_scale"), dataset)
    assert [step for step, _ in series(results, "noise_scale.noise")] == [0, 4, 8]
    assert all(value > 0 for _, value in series(results, "noise_scale.noise"))
    assert not series(
        run_of(make_settings(measure="noise_scale", trainable="none"), dataset), "noise_scale.noise"
    )


# ---------------------------------------------------------------------------------------------------
# Splits


def test_samples_that_share_no_level_are_as_far_apart_as_can_be() -> None:
    levels = np.linspace(0, 0.4, 20)
    assert ks_distance(levels, levels) == 0
    assert ks_distance(levels, levels + 0.5) == 1


def test_a_darker_validation_split_is_seen(
    make_settings: MakeSettings, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset()
    alike = run_of(make_settings(measure="splits"), dataset)
    dataset.validation.images[:] //= 2
    darker = run_of(make_settings(measure="splits"), dataset)
    assert len(series(darker, "splits.test_distance")) == 1
    assert (
        series(alike, "splits.validation_shift")[0][1] < 0.2 < series(darker, "splits.validation_shift")[0][1]
    )
    mean = np.mean(dataset.train.images[..., 0] / 255)
    assert table(darker, "splits").rows[0][:4] == ("train", 70, "red", pytest.approx(mean))
