"""Every normalisation keeps the laws that tell it from the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, cross_entropy

from experiments.training.data import Dataset, ImageSet
from experiments.training.loop import start, train
from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.norms import (
    FreezableBatchNorm2d,
    GhostBatchNorm2d,
    MeanOnlyBatchNorm2d,
    initialise_from_data,
    weight_norm_layers,
)
from experiments.training.norms.table import groups_of
from experiments.training.results import TestResult
from experiments.training.setting_checks import choices_of
from experiments.training.settings import SettingsError, TrainSettings

IMAGES = torch.randn(12, 3, 16, 16, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(12) % 10
OVER_THE_BATCH = {"batchnorm", "by_hand", "ghost", "mean_only", "weight_norm_mean_only"}


def network(**given: object) -> ResNet:
    return build_model(TrainSettings.from_config({"depth": 8, "width": 8, "ghost_size": 4, **given}), 10)


def gradients(model: nn.Module, sizes: list[int]) -> dict[str, Tensor]:
    """Of the mean loss over the images, passed in parts of these sizes; gradients add up."""
    model.zero_grad()
    parts = zip(IMAGES.double().split(sizes), LABELS.split(sizes), strict=True)
    for images, labels in parts:
        torch.autograd.backward(cross_entropy(model(images), labels, reduction="sum") / len(IMAGES))
    return {name: parameter.grad.clone() for name, parameter in model.named_parameters()}  # type: ignore[union-attr]


def difference(model: nn.Module) -> float:
    """How far the gradient of small parts is from that of the whole batch, relative to it."""
    whole, parts = gradients(model, [12]), gradients(model, [4, 4, 4])
    apart = sum((whole[name] - parts[name]).square().sum() for name in whole)
    return float((apart / sum(gradient.square().sum() for gradient in whole.values())).sqrt())


@pytest.mark.parametrize("place", choices_of("norm_place"))
@pytest.mark.parametrize("norm", choices_of("norm"))
def test_every_norm_in_every_place_gives_finite_outputs_and_learns(norm: str, place: str) -> None:
    model = network(norm=norm, norm_place=place)
    initialise_from_data(model, IMAGES)
    loss = cross_entropy(model(IMAGES), LABELS)
    torch.autograd.backward(loss)
    assert loss.isfinite()
    unused = {name for name, p in model.named_parameters() if p.grad is None or not p.grad.isfinite().all()}
    assert not unused


@pytest.mark.parametrize("activation", choices_of("activation"))
@pytest.mark.parametrize("shortcut", choices_of("shortcut"))
def test_every_activation_with_every_shortcut_gives_finite_outputs(activation: str, shortcut: str) -> None:
    assert network(activation=activation, shortcut=shortcut)(IMAGES).isfinite().all()


@pytest.mark.parametrize("norm", sorted(set(choices_of("norm")) - OVER_THE_BATCH - {"spectral"}))
def test_gradient_accumulation_is_a_large_batch_without_batch_statistics(norm: str) -> None:
    assert difference(network(norm=norm).double()) < 1e-6


def test_spectral_norm_improves_its_estimate_between_the_parts_of_a_batch() -> None:
    assert 1e-6 < difference(network(norm="spectral").double()) < 1e-2


@pytest.mark.parametrize("norm", ["batchnorm", "by_hand", "mean_only"])
def test_gradient_accumulation_is_no_large_batch_under_batch_statistics(norm: str) -> None:
    assert difference(network(norm=norm).double()) > 0.1


def test_accumulation_in_parts_of_the_ghost_batch_is_ghost_batchnorm() -> None:
    assert difference(network(norm="ghost").double()) < 1e-6


def test_ghost_batchnorm_normalises_each_part_by_itself() -> None:
    layer, images = GhostBatchNorm2d(3, ghost_size=4), IMAGES
    expected = [batch_norm(part, None, None, training=True) for part in images.split(4)]
    torch.testing.assert_close(layer(images), torch.cat(expected))
    assert layer.num_batches_tracked == 3


def test_a_network_normalised_by_hand_is_one_with_torchs_batchnorm() -> None:
    torchs, by_hand = network(norm="batchnorm").double(), network(norm="by_hand").double()
    by_hand.load_state_dict(torchs.state_dict())
    for mode in (True, False):
        outputs = [model.train(mode)(IMAGES.double()) for model in (torchs, by_hand)]
        torch.testing.assert_close(*outputs)


def test_ghost_batchnorm_over_the_whole_batch_is_batchnorm() -> None:
    ghost, plain = GhostBatchNorm2d(3, ghost_size=12), FreezableBatchNorm2d(3)
    assert torch.equal(ghost(IMAGES), plain(IMAGES))
    assert torch.equal(ghost.running_var, plain.running_var)  # type: ignore[arg-type]
    assert torch.equal(ghost.eval()(IMAGES), plain.eval()(IMAGES))


def test_batchnorm_of_one_image_is_instance_norm() -> None:
    plain, instance = nn.BatchNorm2d(3), nn.InstanceNorm2d(3)
    torch.testing.assert_close(plain(IMAGES[:1]), instance(IMAGES[:1]), atol=1e-6, rtol=0)


def test_one_group_is_layer_norm_and_a_group_a_channel_is_instance_norm() -> None:
    layer = nn.functional.layer_norm(IMAGES, IMAGES.shape[1:])
    torch.testing.assert_close(nn.GroupNorm(1, 3)(IMAGES), layer, atol=1e-5, rtol=0)
    torch.testing.assert_close(nn.GroupNorm(3, 3)(IMAGES), nn.InstanceNorm2d(3)(IMAGES), atol=1e-5, rtol=0)


def test_mean_only_batchnorm_moves_the_mean_and_nothing_else() -> None:
    layer = MeanOnlyBatchNorm2d(3)
    nn.init.constant_(layer.bias, 0.5)
    inputs = (4 * IMAGES + 2).requires_grad_()
    outputs = layer(inputs)
    torch.testing.assert_close(outputs.mean(dim=(0, 2, 3)), torch.full((3,), 0.5), atol=1e-5, rtol=0)
    torch.testing.assert_close(outputs.var(dim=(0, 2, 3)), inputs.var(dim=(0, 2, 3)), atol=1e-3, rtol=0)
    (outputs * torch.randn_like(outputs)).sum().backward()
    assert inputs.grad is not None
    assert inputs.grad.mean(dim=(0, 2, 3)).abs().max() < 1e-6


def test_mean_only_batchnorm_remembers_the_mean_as_torch_does() -> None:
    layer, reference = MeanOnlyBatchNorm2d(3), nn.BatchNorm2d(3)
    for images in IMAGES.split(4):
        layer(images)
        reference(images)
    torch.testing.assert_close(layer.running_mean, reference.running_mean)
    layer.eval()
    torch.testing.assert_close(layer(IMAGES), IMAGES - layer.running_mean.view(-1, 1, 1))


def test_spectral_norm_makes_the_largest_singular_value_one_from_the_start() -> None:
    model = network(norm="spectral")
    for layer in [module for module in model.modules() if isinstance(module, nn.Conv2d)]:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=2e-2)
    model(IMAGES)
    before = model.stem.conv.weight.clone()  # type: ignore[union-attr]
    model.eval()(IMAGES)
    assert torch.equal(model.stem.conv.weight, model.eval().stem.conv.weight)  # type: ignore[union-attr]
    assert (before - model.stem.conv.weight).abs().max() < 1e-3  # type: ignore[union-attr, operator]


def test_spectral_norm_gets_closer_with_every_pass_in_train_mode() -> None:
    layer = network(norm="spectral").train().get_submodule("stages.2.0.conv2")
    sizes = []
    for passes in (1, 30):
        for _ in range(passes):
            layer(torch.randn(2, 32, 4, 4))
        weight = layer.eval().weight.detach().flatten(1)  # type: ignore[operator, union-attr]
        sizes.append(abs(float(torch.linalg.svdvals(weight)[0]) - 1))
        layer.train()
    assert sizes[1] < 1e-3
    assert sizes[1] <= sizes[0]


def test_data_dependent_initialisation_standardises_without_a_bias_too() -> None:
    model = network(norm="weight_norm_mean_only")
    initialise_from_data(model, IMAGES)
    outputs: list[Tensor] = []
    for layer in weight_norm_layers(model).values():
        layer.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    model.train()(IMAGES)
    assert len(outputs) == 9  # seven convolutions, two projections
    for output in outputs[:2]:  # later ones see means taken away, which the initialisation did not
        torch.testing.assert_close(output.std(dim=(0, 2, 3), correction=0), torch.ones(8), atol=0.2, rtol=0)


@pytest.mark.parametrize(("channels", "groups"), [(4, 1), (16, 4), (64, 16), (512, 32), (12, 3), (3, 1)])
def test_groups_have_at_least_four_channels_where_nobody_says_how_many(channels: int, groups: int) -> None:
    assert groups_of(0, channels) == groups


def test_groups_that_do_not_divide_the_channels_are_refused() -> None:
    with pytest.raises(SettingsError, match="groups=3 does not divide the 8 channels"):
        network(norm="group", groups=3)


def test_only_a_convolution_whose_mean_is_taken_away_at_once_has_no_bias() -> None:
    keep_the_mean = {"weight_norm", "spectral", "none"}
    take_it_away = {*OVER_THE_BATCH, "group", "layer", "instance"}
    with_bias = {
        (norm, place)
        for norm in keep_the_mean | take_it_away
        for place in choices_of("norm_place")
        if network(norm=norm, norm_place=place).get_submodule("stages.0.0.conv1").bias is not None
    }
    assert with_bias == {(norm, "after") for norm in keep_the_mean | take_it_away} | {
        (norm, place) for norm in keep_the_mean for place in choices_of("norm_place")
    }


def test_a_bias_before_batchnorm_has_no_gradient_unless_batchnorm_is_frozen() -> None:
    conv, norm = nn.Conv2d(3, 4, 3).double(), FreezableBatchNorm2d(4).double()
    images = IMAGES.double()
    torch.autograd.backward((norm(conv(images)) ** 3).mean())
    assert conv.bias is not None
    assert conv.bias.grad is not None
    assert conv.bias.grad.abs().max() < 1e-9
    conv.zero_grad()
    torch.autograd.backward((norm.eval()(conv(images)) ** 3).mean())
    assert conv.bias.grad is not None
    assert conv.bias.grad.abs().max() > 1e-3


def test_batchnorm_does_not_see_the_size_of_a_filter() -> None:
    conv, norm = nn.Conv2d(3, 4, 3, bias=False).double(), FreezableBatchNorm2d(4, eps=1e-12).double()
    images = IMAGES.double()
    torch.autograd.backward((norm(conv(images)) ** 3).mean())
    assert conv.weight.grad is not None
    assert (conv.weight.grad * conv.weight).flatten(1).sum(dim=1).abs().max() < 1e-7
    before = norm(conv(images))
    with torch.no_grad():
        conv.weight.mul_(7)
    torch.testing.assert_close(norm(conv(images)), before)


def test_running_statistics_stay_fp32_under_autocast() -> None:
    model = network()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        model(IMAGES)
    assert {buffer.dtype for name, buffer in model.named_buffers() if "running" in name} == {torch.float32}


def test_cumulative_statistics_are_the_mean_over_batches() -> None:
    layer = network(batchnorm_average="cumulative").get_submodule("stem.norm")
    batches = torch.randn(5, 4, 8, 6, 6, generator=torch.Generator().manual_seed(3))
    for batch in batches:
        layer(batch)
    torch.testing.assert_close(layer.running_mean, batches.mean(dim=(0, 1, 3, 4)))


def test_one_image_at_a_time_trains_batchnorm_where_the_last_stage_has_pixels(
    make_settings: Callable[..., TrainSettings], dataset: Dataset
) -> None:
    results = list(train(start(make_settings(batch_size=1, epochs=1), dataset), dataset))
    assert isinstance(results[-1], TestResult)


def test_one_pixel_of_one_image_is_refused(
    make_settings: Callable[..., TrainSettings], dataset: Dataset
) -> None:
    small = replace(dataset, train=ImageSet(dataset.train.images[:, :4, :4], dataset.train.labels))
    with pytest.raises(SettingsError, match="one sample of one pixel at a time"):
        start(make_settings(batch_size=1), small)
