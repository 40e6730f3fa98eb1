"""How a network starts, and what goes through its layers, is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from experiments.training.data import Dataset
from experiments.training.sanity.checklist import CHECKS
from experiments.training.sanity.findings import FAILED, NOT_HERE, PASSED
from experiments.training.sanity.layers import idle_biases
from tests.training.sanity.conftest import Subjects, look


def test_the_output_layer_of_he_et_al_starts_too_high_and_its_remedy_works(subject_of: Subjects) -> None:
    assert look("loss_at_start", subject_of(output_init="he_normal")).outcome == FAILED
    assert "output_init=zero" in CHECKS["loss_at_start"].remedy
    assert look("loss_at_start", subject_of(output_init="zero")).outcome == PASSED


def test_a_long_tail_asks_for_the_base_rates_and_is_content_with_them(
    subject_of: Subjects, make_dataset: Callable[..., Dataset]
) -> None:
    wide = make_dataset(train=200)
    rows = np.flatnonzero((wide.train.labels == 0) | (np.arange(200) < 30))
    tail = replace(wide, train=wide.train.rows(rows))
    subject = subject_of(tail)
    assert look("base_rates", subject).outcome == FAILED
    content = subject_of(tail, output_bias="base_rates")
    assert look("base_rates", content).outcome == look("loss_at_start", content).outcome == PASSED
    assert look("loss_at_start", content).numbers["expected"] < 1.3


@pytest.mark.parametrize("loss", ["squared", "huber"])
def test_outputs_that_are_no_probabilities_have_no_base_rates(loss: str, subject_of: Subjects) -> None:
    subject = subject_of(loss=loss)
    assert look("base_rates", subject).outcome == look("on_zeros", subject).outcome == NOT_HERE
    assert look("loss_at_start", subject).outcome == PASSED


def test_a_bias_whose_mean_goes_at_once_is_told_from_one_that_has_an_effect(subject_of: Subjects) -> None:
    subject = subject_of()
    assert look("conv_bias", subject).words == "no convolution has a bias"
    conv = nn.Conv2d(3, 4, 3, padding=1)
    subject.model.get_submodule("stem").conv = conv
    finding = look("conv_bias", subject)
    assert finding.outcome == FAILED
    assert "stem.conv" in finding.words


@pytest.mark.parametrize(
    ("norm", "train", "idle"),
    [
        (nn.BatchNorm2d(8), True, True),
        (nn.BatchNorm2d(8), False, False),
        (nn.GroupNorm(2, 8), True, False),
        (nn.InstanceNorm2d(8), True, True),
        (nn.Identity(), True, False),
    ],
)
def test_a_bias_is_idle_exactly_where_its_gradient_is_nothing(
    norm: nn.Module, train: bool, idle: bool
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(3, 8, 3)
    model = nn.Sequential(conv, norm, nn.ReLU()).train()
    norm.train(train)
    images = torch.randn(8, 3, 8, 8)
    (model(images) * torch.randn(8, 8, 6, 6)).sum().backward()
    assert conv.bias is not None
    assert conv.bias.grad is not None
    assert (conv.bias.grad.abs().max().item() < 1e-4) == idle
    assert (idle_biases(model, images)[0] == ["0"]) == idle


def test_an_activation_between_makes_a_bias_useful() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.BatchNorm2d(8)).train()
    assert idle_biases(model, torch.randn(4, 3, 8, 8)) == ([], ["0"])


def test_frozen_statistics_follow_nothing(subject_of: Subjects) -> None:
    frozen = subject_of(batchnorm="frozen", calibration_batches=2)
    assert look("statistics_follow", frozen).outcome == NOT_HERE
    assert look("one_image", frozen).outcome == PASSED


def test_a_layer_of_dead_units_is_named(subject_of: Subjects) -> None:
    subject = subject_of(steps=2)
    with torch.no_grad():
        subject.model.get_parameter("stages.1.0.norm1.bias").fill_(-100.0)
    finding = look("dead_units", subject)
    assert finding.outcome == FAILED
    assert finding.numbers["share"] == 1
    assert "stages.1.0.conv2" in finding.words
    assert look("gradients", subject).outcome == FAILED


def test_one_image_at_a_time_does_not_make_units_look_dead(subject_of: Subjects) -> None:
    assert look("dead_units", subject_of(batch_size=1, images=4, steps=2)).outcome == PASSED


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_outputs_that_vanish_or_explode_are_named(scale: float, subject_of: Subjects) -> None:
    subject = subject_of(norm="none", steps=2)
    with torch.no_grad():
        subject.model.get_parameter("stages.0.0.conv1.weight").mul_(scale)
    finding = look("activations", subject)
    assert finding.outcome == FAILED
    assert "stages.0.0.conv1" in finding.words


def test_every_layer_has_its_numbers(subject_of: Subjects) -> None:
    layers = subject_of(steps=2).by_heart.layers
    assert [layer.name for layer in layers][:2] == ["stem.conv", "stem.norm"]
    assert all(layer.std > 0 for layer in layers[:-1])
    assert all(layer.gradient > 0 and layer.weight > 0 and layer.update > 0 for layer in layers)
