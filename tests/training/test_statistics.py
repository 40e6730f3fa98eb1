"""Statistics that are computed again, or not used: what they are, what they leave alone."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.norms import FreezableBatchNorm2d, batchnorm_layers
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.statistics import freeze_batchnorm, make_precise, normalising_by_batch

# images that differ in brightness, so that batches differ in their means
IMAGES = torch.randn(24, 3, 8, 8, generator=torch.Generator().manual_seed(1)) + torch.linspace(
    -2, 2, 24
).view(-1, 1, 1, 1)


def network() -> ResNet:
    return build_model(TrainSettings(depth=8, width=4), 10)


def first_layer(model: ResNet) -> tuple[nn.Module, FreezableBatchNorm2d]:
    layer = model.get_submodule("stem.norm")
    assert isinstance(layer, FreezableBatchNorm2d)
    return model.get_submodule("stem.conv"), layer


@pytest.mark.parametrize("size", [24, 8, 5, 2])
def test_precise_statistics_are_those_of_all_images_however_they_are_cut(size: int) -> None:
    model = network()
    make_precise(model, IMAGES.split(size))
    conv, layer = first_layer(model)
    outputs = conv(IMAGES)
    torch.testing.assert_close(layer.running_mean, outputs.mean(dim=(0, 2, 3)), atol=1e-5, rtol=0)
    variance = outputs.var(dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(layer.running_var, variance, atol=1e-5, rtol=1e-5)


def test_a_mean_over_batches_loses_what_lies_between_them() -> None:
    # torch's update_bn is no estimate of the population: at a batch of two it misses much of the variance
    precise, averaged = network(), network()
    make_precise(precise, IMAGES.split(2))
    update_bn(IMAGES.split(2), averaged)
    own, other = first_layer(precise)[1].running_var, first_layer(averaged)[1].running_var
    assert own is not None
    assert other is not None
    assert (other < 0.9 * own).all()


def test_making_precise_changes_nothing_else() -> None:
    model = network().train()
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    make_precise(model, IMAGES.split(8))
    assert [module.training for module in model.modules()] == modes
    changed = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    assert {name.rpartition(".")[2] for name in changed} == {"running_mean", "running_var"}
    assert all(not layer._forward_pre_hooks for layer in batchnorm_layers(model).values())


def test_frozen_statistics_are_never_made_precise() -> None:
    model = network()
    freeze_batchnorm(model)
    before = copy.deepcopy(model.state_dict())
    make_precise(model, IMAGES.split(8))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_hooks_and_counts_are_put_back_when_a_batch_cannot_be_used() -> None:
    model = network()
    with pytest.raises(RuntimeError):
        make_precise(model, [IMAGES, torch.zeros(1, 4, 8, 8)])
    assert all(not layer._forward_pre_hooks for layer in batchnorm_layers(model).values())
    assert all(layer.num_batches_tracked == 0 for layer in batchnorm_layers(model).values())


def test_no_images_make_nothing_precise() -> None:
    with pytest.raises(SettingsError, match="at least one batch"):
        make_precise(network(), [])


def test_without_running_statistics_eval_mode_normalises_as_train_mode_does() -> None:
    model = network()
    expected: Tensor = copy.deepcopy(model).train()(IMAGES)
    model.eval()
    before = copy.deepcopy(model.state_dict())
    with normalising_by_batch(model):
        found = model(IMAGES)
    torch.testing.assert_close(found, expected)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not torch.allclose(model(IMAGES), expected)


def test_by_batch_the_answer_for_an_image_depends_on_its_neighbours() -> None:
    model = network().eval()
    with normalising_by_batch(model):
        assert (model(IMAGES[:4])[0] - model(IMAGES)[0]).abs().max() > 1e-2
    torch.testing.assert_close(model(IMAGES[:4])[0], model(IMAGES)[0], atol=1e-5, rtol=0)


def test_nearly_identical_images_leave_batchnorm_with_nothing_but_eps() -> None:
    layer = FreezableBatchNorm2d(3)
    images = torch.full((8, 3, 4, 4), 2.0).requires_grad_()
    assert layer(images).abs().max() < 1e-2
    outputs = layer(images + 1e-4 * torch.randn(8, 3, 4, 4))
    (outputs * torch.randn_like(outputs)).sum().backward()
    assert images.grad is not None
    assert images.grad.abs().max() > 50  # up to 1 / sqrt(eps) = 316 times
