"""A norm is one function; frozen BatchNorm stays frozen."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from torch.optim.swa_utils import AveragedModel, update_bn
from torchvision.ops import FrozenBatchNorm2d

from experiments.training.models import build_model
from experiments.training.models.design import Design
from experiments.training.models.resnet import ResNet
from experiments.training.norms import FreezableBatchNorm2d, Norm, batchnorm_layers
from experiments.training.settings import TrainSettings
from experiments.training.statistics import freeze_batchnorm


def used(layer: FreezableBatchNorm2d) -> FreezableBatchNorm2d:
    """The layer after it has seen data, with a scale and a shift."""
    for _ in range(5):
        layer(2 * torch.randn(8, layer.num_features, 4, 4) + 1)
    nn.init.uniform_(layer.weight, 0.5, 1.5)
    nn.init.normal_(layer.bias)
    return layer


def frozen_model() -> ResNet:
    model = build_model(TrainSettings(depth=8, width=4, batchnorm_init="uniform"), 10)
    for layer in batchnorm_layers(model).values():
        used(layer)  # type: ignore[arg-type]
    freeze_batchnorm(model)
    return model


def statistics(model: nn.Module) -> dict[str, Tensor]:
    return {name: buffer.clone() for name, buffer in model.named_buffers()}


def assert_frozen(model: nn.Module, before: dict[str, Tensor]) -> None:
    model.train()
    model(torch.randn(4, 3, 8, 8))
    assert not any(layer.training for layer in batchnorm_layers(model).values())
    after = statistics(model)
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_a_new_norm_is_one_function() -> None:
    def two_groups(settings: TrainSettings) -> Norm:
        return Norm(lambda channels: nn.GroupNorm(2, channels))

    model = ResNet(1, 4, 10, Design(two_groups(TrainSettings())))
    assert model(torch.randn(1, 3, 8, 8)).isfinite().all()
    assert isinstance(model.get_submodule("stages.1.0.shortcut.norm"), nn.GroupNorm)


def test_a_frozen_network_stays_frozen_in_train_mode() -> None:
    model = frozen_model()
    before = statistics(model)
    model.train()
    model.eval()
    assert_frozen(model, before)


def test_a_deep_copy_of_a_frozen_network_is_frozen() -> None:
    model = frozen_model()
    before = statistics(model)
    assert_frozen(copy.deepcopy(model), before)
    assert_frozen(model, before)


def test_freezing_a_copy_does_not_freeze_the_original() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    freeze_batchnorm(copy.deepcopy(model))
    model.train()
    assert all(layer.training for layer in batchnorm_layers(model).values())


def test_a_wrapped_frozen_network_is_frozen() -> None:
    model = frozen_model()
    assert_frozen(nn.Sequential(model), statistics(nn.Sequential(model)))


def test_an_average_of_a_frozen_network_is_frozen() -> None:
    averaged = AveragedModel(frozen_model())
    assert_frozen(averaged, {name: b for name, b in statistics(averaged).items() if name != "n_averaged"})


def test_update_bn_leaves_frozen_statistics_alone() -> None:
    model = frozen_model()
    before = statistics(model)
    update_bn([torch.randn(4, 3, 8, 8)], model)
    assert_frozen(model, before)


def test_update_bn_overwrites_a_layer_that_is_only_in_eval_mode() -> None:
    layer = used(FreezableBatchNorm2d(4)).eval()
    before = layer.running_mean.clone()  # type: ignore[union-attr]
    update_bn([torch.randn(4, 4, 8, 8)], layer)
    assert not torch.equal(layer.running_mean, before)  # type: ignore[arg-type]


def test_frozen_statistics_come_back_from_a_state_dict() -> None:
    model = frozen_model()
    other = build_model(TrainSettings(depth=8, width=4, seed=1), 10)
    freeze_batchnorm(other)
    other.load_state_dict(model.state_dict())
    assert_frozen(other, statistics(model))


def test_frozen_batchnorm_treats_every_image_by_itself() -> None:
    model = frozen_model().train()
    images, others = torch.randn(8, 3, 8, 8), torch.randn(8, 3, 8, 8)
    others[0] = images[0]
    assert torch.equal(model(images)[0], model(others)[0])
    torch.testing.assert_close(model(images)[0], model(images[:1])[0], atol=1e-5, rtol=1e-5)


def test_batchnorm_mixes_the_images_of_a_batch() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    images, others = torch.randn(8, 3, 8, 8), torch.randn(8, 3, 8, 8)
    others[0] = images[0]
    assert (model(images)[0] - model(others)[0]).abs().max() > 1e-2


def test_a_batch_that_is_not_finite_leaves_frozen_statistics_finite() -> None:
    model = frozen_model().train()
    model(torch.full((4, 3, 8, 8), float("nan")))
    assert all(buffer.isfinite().all() for buffer in statistics(model).values())
    assert model(torch.randn(4, 3, 8, 8)).isfinite().all()


def test_frozen_batchnorm_is_the_one_of_torchvision() -> None:
    layer = used(FreezableBatchNorm2d(6))
    freeze_batchnorm(nn.Sequential(layer))
    reference = FrozenBatchNorm2d(6)
    reference.load_state_dict(layer.state_dict())  # it has no use for num_batches_tracked
    images = torch.randn(4, 6, 5, 5)
    torch.testing.assert_close(layer.train()(images), reference(images), atol=2e-6, rtol=1e-5)
    assert (len(list(reference.parameters())), len(list(reference.buffers()))) == (0, 4)


def test_frozen_batchnorm_can_be_fused_with_its_convolution() -> None:
    conv, layer = nn.Conv2d(3, 6, 3, bias=False), used(FreezableBatchNorm2d(6))
    freeze_batchnorm(nn.Sequential(layer))
    images = torch.randn(4, 3, 5, 5)
    fused = fuse_conv_bn_eval(conv.eval(), layer)
    torch.testing.assert_close(layer.train()(conv(images)), fused(images), atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("mode", [True, False])
def test_a_layer_that_is_not_frozen_follows_the_mode(mode: bool) -> None:
    assert FreezableBatchNorm2d(4).train(mode).training is mode
