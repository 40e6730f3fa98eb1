"""A loss that is not finite ends the run with its step and layer, never with a traceback."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from experiments.training import step
from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.results import Diverged, EpochResult, StepResult, TestResult
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]


def spoil(state: TrainState, name: str) -> None:
    with torch.no_grad():
        state.model.get_parameter(name).fill_(float("nan"))


def spoil_at(state: TrainState, step: int, name: str) -> None:
    """Make a parameter NaN just before the forward pass of a training step."""

    def before(_module: nn.Module, _inputs: object) -> None:
        if state.step == step:
            spoil(state, name)

    state.model.register_forward_pre_hook(before)


def test_a_rate_that_is_far_too_high_diverges(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(lr=1e30, norm="weight_norm"), dataset)
    results = list(train(state, dataset))
    assert [type(result) for result in results] == [Diverged]
    assert isinstance(results[0], Diverged)
    assert results[0].step in (2, 3)
    assert results[0].epoch == 1
    assert results[0].layer


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_step_and_the_first_bad_layer_are_named(
    make_settings: MakeSettings, dataset: Dataset, precision: str
) -> None:
    state = start(make_settings(precision=precision), dataset)
    spoil_at(state, 6, "stages.1.0.conv2.weight")
    results = list(train(state, dataset))
    assert [type(result) for result in results] == [EpochResult, Diverged]
    assert results[-1] == Diverged(step=6, epoch=2, layer="stages.1.0.conv2")


def test_no_other_weight_is_spoilt_by_the_step_that_failed(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    spoil_at(state, 3, "output.weight")
    list(train(state, dataset))
    bad = {name for name, tensor in state.model.named_parameters() if not tensor.isfinite().all()}
    assert bad == {"output.weight"}


def test_statistics_that_are_not_finite_are_found_in_evaluation(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    # train mode does not use them: the training loss stays finite
    state = start(make_settings(), dataset)
    state.model.get_buffer("stages.0.0.norm1.running_var").fill_(float("nan"))
    results = list(train(state, dataset))
    assert results == [Diverged(step=4, epoch=1, layer="stages.0.0.norm1")]


def test_a_network_that_breaks_at_the_test_yields_no_test_result(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(epochs=1), dataset)
    results = train(state, dataset)
    assert isinstance(next(results), EpochResult)
    spoil(state, "stem.conv.weight")
    assert list(results) == [Diverged(step=4, epoch=1, layer="stem.conv")]


def test_finite_outputs_with_an_infinite_loss_are_named_as_the_loss(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    state = start(make_settings(), dataset)
    with torch.no_grad():  # 2e38 against -2e38: their difference is too large for fp32
        state.model.get_parameter("output.weight").zero_()
        state.model.get_parameter("output.bias").copy_(torch.tensor([2e38, -2e38, 0, 0]))
    assert list(train(state, dataset)) == [Diverged(step=1, epoch=1, layer="loss")]


@pytest.mark.parametrize("log_every", [0, 4])
def test_where_nobody_looks_at_each_step_the_first_bad_step_is_still_known(
    make_settings: MakeSettings, dataset: Dataset, log_every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step, "looks_at_each_step", lambda _state: False)  # as on an accelerator
    state = start(make_settings(epochs=3, log_every=log_every), dataset)
    spoil_at(state, 6, "stem.conv.weight")
    results = list(train(state, dataset))
    assert results[-1] == Diverged(step=6, epoch=2, layer="")
    assert state.step == 8
    assert [type(result) for result in results[:-1]] == ([StepResult] if log_every else []) + [EpochResult]


def test_a_diverged_run_is_never_tested(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(epochs=1), dataset)
    spoil_at(state, 4, "stem.conv.weight")
    assert not any(isinstance(result, TestResult) for result in train(state, dataset))
