"""The output layer starts as it is told, and with it the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from experiments.training.data import Dataset
from experiments.training.models import build_model
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import batches_of, start

MakeSettings = Callable[..., TrainSettings]


def output_of(**changes: object) -> nn.Linear:
    return build_model(TrainSettings.from_config({"depth": 8, **changes}), 10).output


def first_loss(settings: TrainSettings, dataset: Dataset) -> float:
    """The loss of all training images before the first step."""
    state = start(settings, dataset)
    images, labels = next(
        batches_of(dataset, dataset.train, settings, state.device).in_order(len(dataset.train.labels))
    )
    with torch.no_grad():
        return cross_entropy(state.model(images), labels).item()


def test_the_default_is_the_output_layer_that_there_was_before() -> None:
    """Frankle et al. draw it as they draw convolutions, with torch's bias."""
    layer = output_of()
    assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / 64), rel=0.1)
    assert 0.05 < layer.bias.abs().max().item() <= 1 / math.sqrt(64)


def test_only_the_output_layer_differs_between_its_starts() -> None:
    models = [
        build_model(TrainSettings(depth=8, width=4, output_init=name), 10) for name in ("zero", "he_normal")
    ]
    one, other = (model.state_dict() for model in models)
    assert [name for name in one if not torch.equal(one[name], other[name])] == [
        "output.weight",
        "output.bias",
    ]
    assert not one["output.weight"].any()


def test_torch_starts_an_output_layer_smaller_than_he_et_al() -> None:
    bound = output_of(output_init="torch").weight.abs().max().item()
    assert 0.9 / math.sqrt(64) < bound <= 1 / math.sqrt(64)


@pytest.mark.parametrize("bias", ["zero", "base_rates"])
def test_a_bias_of_zero_is_zero_until_the_labels_are_known(bias: str) -> None:
    assert not output_of(output_bias=bias).bias.any()


def test_without_weights_the_loss_starts_at_the_logarithm_of_the_classes(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(output_init="zero", output_bias="zero")
    assert first_loss(settings, dataset) == pytest.approx(math.log(4), abs=1e-6)


def test_on_a_long_tail_base_rates_start_at_the_entropy_of_the_classes(
    make_settings: MakeSettings, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(train=160)
    counts = np.array([40, 20, 10, 2])
    rows = np.sort(np.concatenate([np.arange(40)[:count] * 4 + each for each, count in enumerate(counts)]))
    tail = replace(dataset, train=dataset.train.rows(rows))
    shares = counts / counts.sum()
    entropy = -float((shares * np.log(shares)).sum())
    settings = make_settings(output_init="zero", output_bias="base_rates")
    assert first_loss(settings, tail) == pytest.approx(entropy, abs=1e-5)
    assert entropy < math.log(4) - 0.2


def test_a_class_that_wrong_labels_have_emptied_keeps_the_loss_finite(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    train = dataset.train.rows(np.flatnonzero(dataset.train.labels != 3))
    settings = make_settings(output_init="zero", output_bias="base_rates")
    assert math.isfinite(first_loss(settings, replace(dataset, train=train)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"output_init": "zero", "trainable": "batchnorm"}, "every answer would be the same for good"),
        ({"output_bias": "base_rates", "loss": "squared"}, "use output_bias=zero"),
        ({"output_init": "zeros"}, "did you mean 'zero'?"),
        ({"output_bias": "base_rate"}, "did you mean 'base_rates'?"),
    ],
)
def test_an_output_layer_that_could_not_learn_is_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(SettingsError) as refused:
        TrainSettings.from_config(changes)
    assert words in str(refused.value)


@pytest.mark.parametrize("trainable", ["all", "output", "batchnorm+shortcut+output", "none"])
def test_an_output_layer_of_zeros_may_learn(trainable: str) -> None:
    assert TrainSettings(output_init="zero", trainable=trainable).output_init == "zero"
