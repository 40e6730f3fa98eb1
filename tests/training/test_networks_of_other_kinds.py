"""Plain networks: the same parts without shortcuts, which BatchNorm alone can train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.models import NETWORKS, build_model
from experiments.training.norms import batchnorm_layers
from experiments.training.results import TestResult
from experiments.training.settings import SettingsError, TrainSettings

MakeSettings = Callable[..., TrainSettings]
PLAIN = sorted(NETWORKS.keys() - {"resnet"})


def built(network: str, **changes: Any) -> nn.Module:
    settings = {"network": network, "shortcut": "none", "depth": 14, "width": 4, **changes}
    return build_model(TrainSettings(**settings), classes=10)


def test_a_vgg_halves_its_image_by_pooling_alone() -> None:
    model = built("vgg")
    sides: list[int] = []
    for stage in model.stages:  # type: ignore[union-attr]
        stage.register_forward_hook(lambda _m, _i, out: sides.append(out.shape[2]))

    model(torch.randn(2, 3, 32, 32))

    assert sides == [32, 16, 8]
    assert all(conv.stride == (1, 1) for conv in model.modules() if isinstance(conv, nn.Conv2d))
    assert sum(isinstance(module, nn.MaxPool2d) for module in model.modules()) == 2
    assert not any("shortcut" in name for name, _ in model.named_parameters())


def test_a_vgg_has_as_many_parameters_as_the_resnet_without_shortcuts() -> None:
    def count(network: str) -> int:
        return sum(one.numel() for one in built(network).parameters())

    assert count("vgg") == count("resnet")


def test_a_perceptron_is_linear_layers_with_batchnorm_over_vectors() -> None:
    torch.manual_seed(0)
    model, images = built("perceptron", depth=8).eval(), torch.randn(5, 3, 16, 16)

    def linear(layer: nn.Module, values: Tensor) -> Tensor:
        weight, bias = layer.weight, layer.bias  # type: ignore[union-attr]
        return nn.functional.linear(values, weight[:, :, 0, 0], bias)  # type: ignore[index, arg-type]

    def normalised(norm: nn.Module, values: Tensor) -> Tensor:
        flat = nn.BatchNorm1d(values.shape[1])
        flat.load_state_dict(norm.state_dict())
        out: Tensor = flat.eval()(values)
        return out

    values = normalised(model.stem.norm, linear(model.stem.conv, images.flatten(1))).relu()  # type: ignore[union-attr, arg-type]
    for stage in model.stages:  # type: ignore[union-attr]
        for block in (one for one in stage if not isinstance(one, nn.Identity)):
            values = normalised(block.norm1, linear(block.conv1, values)).relu()
            values = normalised(block.norm2, linear(block.conv2, values)).relu()

    assert torch.allclose(model(images), model.output(values), atol=1e-5)  # type: ignore[operator]


@pytest.mark.parametrize("side", [16, 32])
def test_a_perceptron_does_not_grow_with_the_image(side: int) -> None:
    assert built("perceptron")(torch.randn(2, 3, side, side)).shape == (2, 10)


@pytest.mark.parametrize("network", PLAIN)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"trainable": "batchnorm", "batchnorm_init": "uniform"},
        {"norm": "weight_norm", "lr": 0.01},
        {"norm_place": "preactivation"},
        {"norm_place": "after", "norm": "group"},
    ],
    ids=str,
)
def test_plain_networks_train_under_every_kind_of_setting(
    network: str, changes: dict[str, Any], dataset: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(network=network, shortcut="none", **changes)
    state = start(settings, dataset)
    before = {name: value.clone() for name, value in state.model.named_parameters()}

    *_, last = train(state, dataset)

    assert isinstance(last, TestResult)
    moved = {name for name, value in state.model.named_parameters() if not torch.equal(value, before[name])}
    assert moved <= state.trainable
    assert moved
    assert len(batchnorm_layers(state.model)) == (0 if "norm" in changes else 7)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"network": "vgg"}, "network='vgg' has no shortcuts; say shortcut=none"),
        ({"network": "vvg", "shortcut": "none"}, "did you mean 'vgg'"),
        ({"network": "perceptron", "shortcut": "none", "norm": "instance"}, "one pixel"),
        ({"network": "perceptron", "shortcut": "none", "measure": "filters"}, "a perceptron has none"),
    ],
)
def test_what_a_plain_network_cannot_be_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        TrainSettings(**changes)


def test_a_perceptron_that_sees_one_image_at_a_time_is_refused(
    dataset: Dataset, make_settings: MakeSettings
) -> None:
    settings = make_settings(network="perceptron", shortcut="none", micro_batch_size=1)

    with pytest.raises(SettingsError, match="no variance"):
        start(settings, dataset)
