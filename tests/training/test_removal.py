"""Features that BatchNorm has switched off are counted, removed, put back."""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.models import build_model
from experiments.training.norms import batchnorm_layers
from experiments.training.removal import batchnorm_rows, features_removed, share_below
from experiments.training.results import Measured, Table
from experiments.training.settings import TrainSettings

IMAGES = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_the_share_counts_sizes_whatever_their_sign() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    scales = model.get_parameter("stem.norm.weight")
    with torch.no_grad():
        scales.copy_(torch.tensor([0.005, -0.005, 0.02, 1]))
    every = sum(layer.num_features for layer in batchnorm_layers(model).values())
    assert share_below(model, 0.01) == pytest.approx(100 * 2 / every)


def test_a_removed_feature_says_nothing_and_comes_back() -> None:
    model = build_model(TrainSettings(depth=8, width=4, batchnorm_init="uniform"), 10).eval()
    with torch.no_grad():
        for layer in batchnorm_layers(model).values():
            layer.bias.fill_(0.3)
    before, outputs = copy.deepcopy(model.state_dict()), model(IMAGES)
    with features_removed(model, 0.5):
        scales = model.get_parameter("stem.norm.weight")
        shifts = model.get_parameter("stem.norm.bias")
        assert torch.equal(scales == 0, shifts == 0)
        assert (scales == 0).any()
        assert not torch.equal(model(IMAGES), outputs)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_removing_what_is_already_zero_changes_no_answer() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10).eval()
    with torch.no_grad():
        model.get_parameter("stages.0.0.norm1.weight")[:2] = 0
    outputs = model(IMAGES)
    with features_removed(model, 0.01):
        assert torch.equal(model(IMAGES), outputs)


def test_a_run_measures_shares_and_accuracies_and_keeps_every_scale(
    make_settings: Callable[..., TrainSettings], dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    results = list(train(state, dataset))
    numbers = next(result.numbers for result in results if isinstance(result, Measured))
    assert set(numbers) == {
        f"removal.{what}_{threshold}"
        for what in ("share", "accuracy")
        for threshold in ("0.001", "0.01", "0.1")
    }
    table = next(result for result in results if isinstance(result, Table))
    assert [list(row) for row in table.rows] == [list(row) for row in batchnorm_rows(state.model)]
    assert len(table.rows) == sum(layer.num_features for layer in batchnorm_layers(state.model).values())


def test_a_network_without_batchnorm_has_nothing_to_remove(
    make_settings: Callable[..., TrainSettings], dataset: Dataset
) -> None:
    results = list(train(start(make_settings(norm="group"), dataset), dataset))
    assert not [result for result in results if isinstance(result, Measured | Table)]
