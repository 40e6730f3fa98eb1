"""Looking at a network tells what it is, changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import TypeVar

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import TrainSettings
from experiments.training.state import batches_of, fixed_batch

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]
Kind = TypeVar("Kind")


def of_kind(kind: type[Kind], results: Iterable[object]) -> list[Kind]:
    return [result for result in results if isinstance(result, kind)]


def test_the_batchnorm_gap_is_there_where_batch_statistics_are_used(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def gap(**changes: object) -> float | None:
        result = next(train(start(make_settings(**changes), dataset), dataset))
        assert isinstance(result, EpochResult)
        return result.batchnorm_gap

    assert isinstance(gap(), float)
    assert gap(batchnorm="frozen") is None
    assert gap(norm="weight_norm", lr=0.01) is None


def test_the_batchnorm_gap_is_train_mode_minus_eval_mode_loss(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    result = next(train(state, dataset))
    images, labels = fixed_batch(
        batches_of(dataset, dataset.train, state.settings, state.device), state.settings
    )
    with torch.no_grad():
        in_train_mode = float(cross_entropy(copy.deepcopy(state.model).train()(images), labels))
        in_eval_mode = float(cross_entropy(copy.deepcopy(state.model).eval()(images), labels))
    assert isinstance(result, EpochResult)
    assert result.batchnorm_gap == pytest.approx(in_train_mode - in_eval_mode)


def test_everything_is_in_train_mode_again_after_a_look(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    for _ in train(state, dataset):
        assert all(module.training for module in state.model.modules())


def test_looking_changes_no_tensor_and_no_random_number(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    results = train(state, dataset)
    next(results), next(results)
    before = {name: tensor.clone() for name, tensor in state.model.state_dict().items()}
    random = torch.get_rng_state()
    assert isinstance(next(results), TestResult)
    assert all(torch.equal(before[name], tensor) for name, tensor in state.model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())


def test_batchnorm_counts_training_batches_alone(make_settings: MakeSettings, dataset: Dataset) -> None:
    # validation, the gap or the test in train mode would count too
    state = start(make_settings(), dataset)
    list(train(state, dataset))
    counts = {
        int(module.num_batches_tracked)
        for module in state.model.modules()
        if isinstance(module, nn.BatchNorm2d) and module.num_batches_tracked is not None
    }
    assert counts == {8}


def test_the_size_of_evaluation_batches_does_not_matter(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    def tested(size: int) -> TestResult:
        settings = make_settings(epochs=1, eval_batch_size=size)
        return of_kind(TestResult, train(start(settings, dataset), dataset))[0]

    whole, parts = tested(500), tested(7)
    assert whole.correct == parts.correct
    assert whole.loss == pytest.approx(parts.loss, rel=1e-6)
