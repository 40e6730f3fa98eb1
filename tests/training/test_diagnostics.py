"""Diagnostics see what is there, then leave it as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from experiments.training.diagnostics import LOSS, batchnorm_gap, first_non_finite, parameter_counts
from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.modes import evaluating
from experiments.training.settings import TrainSettings
from experiments.training.statistics import calibrate, freeze_batchnorm
from experiments.training.trainable import freeze, trainable_names

IMAGES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(8) % 10


def network(**given: object) -> ResNet:
    return build_model(TrainSettings.from_config({"depth": 8, "width": 4, **given}), 10)


class Trace:
    """All that a diagnostic could change in a model."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.state = copy.deepcopy(model.state_dict())
        self.modes = [module.training for module in model.modules()]
        self.random = torch.get_rng_state()

    def assert_same(self) -> None:
        state = self.model.state_dict()
        assert all(torch.equal(state[name], self.state[name]) for name in self.state)
        assert [module.training for module in self.model.modules()] == self.modes
        assert torch.equal(torch.get_rng_state(), self.random)
        assert not any(module._forward_hooks for module in self.model.modules())
        assert all(parameter.grad is None for parameter in self.model.parameters())


class Failing(nn.Module):
    """Draws a random number, then fails; in eval mode too, if told so."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always = always

    def forward(self, images: Tensor) -> Tensor:
        torch.rand(3)
        if self.training or self.always:
            raise RuntimeError("out of memory")
        return images


class Watching(nn.Module):
    """Passes images through, noting whether gradients would be computed."""

    def __init__(self) -> None:
        super().__init__()
        self.gradients: list[bool] = []

    def forward(self, images: Tensor) -> Tensor:
        self.gradients.append(torch.is_grad_enabled())
        return images


def with_mixed_modes(model: nn.Module) -> nn.Module:
    wrapped = nn.Sequential(model, nn.Dropout(0.5)).train()
    model.get_submodule("stages.1").eval()
    return wrapped


# ---------------------------------------------------------------------------------------------------
# Modes


def test_evaluating_gives_every_module_its_mode_back() -> None:
    model = with_mixed_modes(network())
    before = [module.training for module in model.modules()]
    assert len(set(before)) == 2
    with evaluating(model):
        assert not any(module.training for module in model.modules())
    assert [module.training for module in model.modules()] == before


def test_evaluating_gives_modes_back_after_an_error() -> None:
    model = with_mixed_modes(network())
    before = [module.training for module in model.modules()]
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError("gone")
    assert [module.training for module in model.modules()] == before


# ---------------------------------------------------------------------------------------------------
# The gap between train mode and eval mode


def test_the_gap_is_made_of_the_losses_of_both_modes() -> None:
    model = network()
    reference = copy.deepcopy(model)
    eval_loss = cross_entropy(reference.eval()(IMAGES), LABELS).item()
    train_loss = cross_entropy(reference.train()(IMAGES), LABELS).item()
    gap = batchnorm_gap(model, IMAGES, LABELS)
    assert gap == (train_loss, eval_loss)
    assert abs(gap.train_loss - gap.eval_loss) > 1e-2  # fresh statistics know nothing of the data


def test_the_gap_closes_when_the_statistics_are_those_of_the_batch() -> None:
    images, labels = torch.randn(64, 3, 32, 32), torch.arange(64) % 10
    model = network()
    open_gap = batchnorm_gap(model, images, labels)
    calibrate(model, [images])
    gap = batchnorm_gap(model, images, labels)
    assert abs(gap.train_loss - gap.eval_loss) < 0.1 * abs(open_gap.train_loss - open_gap.eval_loss)


@pytest.mark.parametrize("given", [{"norm": "weight_norm"}, {"batchnorm": "frozen"}])
def test_there_is_no_gap_without_statistics_of_a_batch(given: dict[str, str]) -> None:
    model = network(**given)
    if "batchnorm" in given:
        freeze_batchnorm(model)
    train_loss, eval_loss = batchnorm_gap(model, IMAGES, LABELS)
    assert train_loss == eval_loss
    assert given != {"batchnorm": "frozen"} or not model.get_submodule("stem.norm").training


def test_measuring_the_gap_leaves_no_trace() -> None:
    model = with_mixed_modes(network())
    trace = Trace(model)
    batchnorm_gap(model, IMAGES, LABELS)
    trace.assert_same()


def test_measuring_the_gap_leaves_no_trace_after_an_error() -> None:
    model = nn.Sequential(network(), Failing(always=False))
    trace = Trace(model)
    with pytest.raises(RuntimeError, match="out of memory"):
        batchnorm_gap(model, IMAGES, LABELS)
    trace.assert_same()


# ---------------------------------------------------------------------------------------------------
# The first layer that is not finite


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("name", ["stem.conv", "stages.0.0.norm2", "stages.2.0.shortcut.conv", "output"])
def test_the_first_layer_that_is_not_finite_is_named(name: str, value: float) -> None:
    model = network().eval()
    with torch.no_grad():
        model.get_parameter(f"{name}.weight").view(-1)[0] = value
    assert first_non_finite(model, IMAGES) == name


def test_of_two_bad_layers_the_earlier_one_is_named() -> None:
    model = network()
    with torch.no_grad():
        for name in ("output", "stages.1.0.conv2"):
            model.get_parameter(f"{name}.weight").fill_(float("nan"))
    assert first_non_finite(model, IMAGES) == "stages.1.0.conv2"


def test_a_weight_that_is_not_finite_is_named_by_its_layer() -> None:
    model = network(norm="weight_norm")
    conv: Any = model.get_submodule("stages.1.0.conv1")
    with torch.no_grad():
        conv.parametrizations.weight.original1[0] = 0
    assert first_non_finite(model, IMAGES) == "stages.1.0.conv1"


def test_the_loss_is_named_where_all_layers_are_finite() -> None:
    assert first_non_finite(network(), IMAGES) == LOSS == "loss"


def test_a_network_of_one_layer_is_named_by_its_kind() -> None:
    assert first_non_finite(nn.Flatten(), IMAGES * float("nan")) == "Flatten"


@pytest.mark.parametrize("factor", [1.0, float("nan")])
def test_looking_for_a_bad_layer_leaves_no_trace(factor: float) -> None:
    model = with_mixed_modes(network())
    trace = Trace(model)
    first_non_finite(model, IMAGES * factor)
    trace.assert_same()


def test_looking_for_a_bad_layer_leaves_no_trace_after_an_error() -> None:
    model = nn.Sequential(network(), Failing(always=True))
    trace = Trace(model)
    with pytest.raises(RuntimeError, match="out of memory"):
        first_non_finite(model, IMAGES)
    trace.assert_same()


@torch.enable_grad()
def test_diagnostics_compute_no_gradients() -> None:
    watching = Watching()
    model = nn.Sequential(watching, network())
    batchnorm_gap(model, IMAGES, LABELS)
    first_non_finite(model, IMAGES)
    calibrate(model, [IMAGES])
    assert watching.gradients == [False] * 4


# ---------------------------------------------------------------------------------------------------
# Counts


@pytest.mark.parametrize(
    ("policy", "trainable"), [("all", 175_258), ("batchnorm", 1_120), ("output", 650), ("none", 0)]
)
def test_counts_say_what_learns(policy: str, trainable: int) -> None:
    model = build_model(TrainSettings(depth=14), 10)
    freeze(model, trainable_names(model, policy))
    assert parameter_counts(model) == {
        "total": 175_258,
        "trainable": trainable,
        "batchnorm": 1_120,
        "shortcut": 2_752,
        "output": 650,
    }


def test_a_role_that_nothing_plays_counts_zero() -> None:
    counts = parameter_counts(nn.Sequential(nn.Linear(2, 3)))
    assert counts == {"total": 9, "trainable": 9, "batchnorm": 0, "shortcut": 0, "output": 0}
