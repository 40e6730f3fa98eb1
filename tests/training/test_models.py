"""The networks have the sizes, the names, the first weights that the literature states."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d

from experiments.training.diagnostics import parameter_counts
from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.norms import batchnorm_layers
from experiments.training.setting_checks import choices_of
from experiments.training.settings import TrainSettings

# Frankle, Schwab, Morcos, arXiv 2003.00152, table 1, to the last parameter:
# depth, width: BatchNorm, convolutions of shortcuts, shortcuts with their BatchNorm, output, total
TABLE = {
    (14, 16): (1_120, 2_560, 2_752, 650, 175_258),
    (32, 16): (2_464, 2_560, 2_752, 650, 466_906),
    (56, 16): (4_256, 2_560, 2_752, 650, 855_770),
    (110, 16): (8_288, 2_560, 2_752, 650, 1_730_714),
    (218, 16): (16_352, 2_560, 2_752, 650, 3_480_602),
    (434, 16): (32_480, 2_560, 2_752, 650, 6_980_378),
    (866, 16): (64_736, 2_560, 2_752, 650, 13_979_930),
    (14, 32): (2_240, 10_240, 10_624, 1_290, 696_618),
    (14, 64): (4_480, 40_960, 41_728, 2_570, 2_777_674),
    (14, 128): (8_960, 163_840, 165_376, 5_130, 11_093_130),
    (14, 256): (17_920, 655_360, 658_432, 10_250, 44_337_418),
    (14, 512): (35_840, 2_621_440, 2_627_584, 20_490, 177_279_498),
}
SHAPES = [(8, 4, 10), (14, 16, 10), (20, 16, 10), (32, 8, 100), (110, 16, 10)]  # depth, width, classes


def without_memory(classes: int = 10, **given: object) -> ResNet:
    """A network that has shapes but no numbers."""
    with torch.device("meta"):
        return build_model(TrainSettings.from_config(given), classes)


def tiny(**given: object) -> ResNet:
    return build_model(TrainSettings.from_config({"depth": 8, "width": 4, **given}), 10)


def convolutions(model: nn.Module, *, shortcut: bool) -> dict[str, nn.Conv2d]:
    named = ((name, layer) for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d))
    return {name: layer for name, layer in named if ("shortcut" in name) == shortcut}


def size(layers: dict[str, nn.Conv2d]) -> int:
    return sum(layer.weight.numel() for layer in layers.values())


@pytest.mark.parametrize(("depth", "width"), TABLE)
def test_every_network_of_the_table_has_its_counts(depth: int, width: int) -> None:
    model = without_memory(depth=depth, width=width, shortcut="B")
    counts = parameter_counts(model)
    projections = size(convolutions(model, shortcut=True))
    found = (counts["batchnorm"], projections, counts["shortcut"], counts["output"], counts["total"])
    assert found == TABLE[depth, width]


@pytest.mark.parametrize(("depth", "width", "classes"), SHAPES)
def test_counts_with_projections_equal_the_closed_form(depth: int, width: int, classes: int) -> None:
    n, w = (depth - 2) // 6, width
    model = without_memory(depth=depth, width=width, shortcut="B", classes=classes)
    counts = parameter_counts(model)
    assert counts["batchnorm"] == 14 * w * (2 * n + 1)
    assert counts["output"] == 4 * w * classes + classes
    assert size(convolutions(model, shortcut=False)) == 27 * w + w**2 * (378 * n - 90)
    assert size(convolutions(model, shortcut=True)) == 10 * w**2
    assert counts["total"] == 27 * w + w**2 * (378 * n - 80) + 14 * w * (2 * n + 1) + counts["output"]


@pytest.mark.parametrize("shortcut", ["A", "none"])
@pytest.mark.parametrize(("depth", "width", "classes"), SHAPES)
def test_counts_without_projections_equal_the_closed_form(
    depth: int, width: int, classes: int, shortcut: str
) -> None:
    n, w = (depth - 2) // 6, width
    counts = parameter_counts(without_memory(depth=depth, width=width, shortcut=shortcut, classes=classes))
    assert counts["batchnorm"] == 2 * w * (14 * n + 1)
    assert counts["shortcut"] == 0
    convolution = 27 * w + w**2 * (378 * n - 90)
    assert counts["total"] == convolution + counts["batchnorm"] + 4 * w * classes + classes


@pytest.mark.parametrize(("depth", "total"), [(20, 269_722), (110, 1_727_962)])
def test_he_networks_have_their_published_counts(depth: int, total: int) -> None:
    assert parameter_counts(without_memory(depth=depth, shortcut="A"))["total"] == total


@pytest.mark.parametrize(("shortcut", "more_norms"), [("B", 3), ("A", 1), ("none", 1)])
@pytest.mark.parametrize("depth", [8, 20, 56])
def test_the_depth_counts_the_layers_with_weights(depth: int, shortcut: str, more_norms: int) -> None:
    model = without_memory(depth=depth, width=4, shortcut=shortcut)
    assert len(convolutions(model, shortcut=False)) + 1 == depth  # the output layer is the one
    assert len(batchnorm_layers(model)) == depth - 2 + more_norms


def test_weight_norm_has_a_length_and_a_bias_for_each_filter_and_no_batchnorm() -> None:
    plain = without_memory(depth=14, shortcut="B")
    model = without_memory(depth=14, shortcut="B", norm="weight_norm")
    assert not batchnorm_layers(model)
    # a length and a bias take the place of a scale and a shift
    assert parameter_counts(model)["total"] == parameter_counts(plain)["total"]
    assert all(layer.bias is not None for layer in convolutions(model, shortcut=False).values())


def test_names_say_what_a_parameter_is() -> None:
    names = set(tiny(depth=14).state_dict())
    assert {
        "stem.conv.weight",
        "stem.norm.weight",
        "stages.0.1.conv2.weight",
        "stages.0.1.norm2.bias",
        "stages.1.0.shortcut.conv.weight",
        "stages.1.0.shortcut.norm.running_mean",
        "output.weight",
        "output.bias",
    } <= names
    assert "stages.0.1.conv2.bias" not in names


@pytest.mark.parametrize("shortcut", choices_of("shortcut"))
@pytest.mark.parametrize("norm", choices_of("norm"))
def test_stages_halve_the_image_and_double_the_channels(shortcut: str, norm: str) -> None:
    model = tiny(shortcut=shortcut, norm=norm)
    images = torch.randn(2, 3, 16, 16)
    assert model(images).shape == (2, 10)
    shapes = []
    hidden = model.stem(images)
    for stage in model.stages:
        hidden = stage(hidden)
        shapes.append(tuple(hidden.shape[1:]))
    assert shapes == [(4, 16, 16), (8, 8, 8), (16, 4, 4)]


def written_out(state: dict[str, Tensor], images: Tensor) -> Tensor:
    """ResNet-8 with projections in eval mode, block by block."""

    def normalised(x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        weight = state[f"{conv}.weight"]
        x = conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)
        mean, variance = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return batch_norm(x, mean, variance, state[f"{norm}.weight"], state[f"{norm}.bias"])

    def block(x: Tensor, name: str, stride: int) -> Tensor:
        hidden = normalised(x, f"{name}.conv1", f"{name}.norm1", stride).clamp(min=0)
        hidden = normalised(hidden, f"{name}.conv2", f"{name}.norm2")
        if stride == 2:
            x = normalised(x, f"{name}.shortcut.conv", f"{name}.shortcut.norm", stride)
        return (hidden + x).clamp(min=0)

    x = normalised(images, "stem.conv", "stem.norm").clamp(min=0)
    x = block(block(block(x, "stages.0.0", 1), "stages.1.0", 2), "stages.2.0", 2)
    return x.flatten(2).mean(dim=2) @ state["output.weight"].T + state["output.bias"]


def test_the_output_is_the_one_of_the_network_written_out() -> None:
    model = tiny(batchnorm_init="uniform").double()
    model(torch.randn(8, 3, 16, 16).double())  # statistics of some data
    for layer in batchnorm_layers(model).values():
        nn.init.normal_(layer.bias)
    images = torch.randn(2, 3, 16, 16).double()
    torch.testing.assert_close(model.eval()(images), written_out(model.state_dict(), images))


def test_shortcut_a_takes_every_other_pixel_and_adds_channels_of_zeros() -> None:
    images = torch.randn(2, 4, 6, 6)
    shortcut = tiny(shortcut="A").get_submodule("stages.1.0.shortcut")
    smaller = shortcut(images)
    assert torch.equal(smaller[:, :4], images[:, :, ::2, ::2])
    assert torch.equal(smaller[:, 4:], torch.zeros(2, 4, 3, 3))


@pytest.mark.parametrize(("shortcut", "passes"), [("A", True), ("B", True), ("none", False)])
def test_with_silent_convolutions_only_a_shortcut_lets_the_image_through(shortcut: str, passes: bool) -> None:
    model = tiny(shortcut=shortcut)
    for name, parameter in model.named_parameters():
        if "norm2" in name:
            nn.init.zeros_(parameter)
    hidden = model.stages(model.stem(torch.randn(2, 3, 16, 16)).relu())
    assert bool(hidden.abs().sum() > 0) == passes


def test_weights_are_he_normal() -> None:
    model = build_model(TrainSettings(depth=8, width=32), 10)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            fan_in = layer.weight[0].numel()
            spread = math.sqrt(2 / fan_in)
            error = 5 * spread / math.sqrt(2 * layer.weight.numel())  # five standard errors of a deviation
            assert layer.weight.std().item() == pytest.approx(spread, abs=error), name
            assert abs(layer.weight.mean().item()) < 5 * spread / math.sqrt(layer.weight.numel()), name
            assert layer.weight.abs().max() > 2 * spread, name  # a uniform start ends at 1.73


@pytest.mark.parametrize("init", choices_of("batchnorm_init"))
def test_the_scale_of_batchnorm_starts_as_the_setting_says(init: str) -> None:
    layers = batchnorm_layers(tiny(batchnorm_init=init)).values()
    scales = torch.cat([layer.weight.detach() for layer in layers])
    assert all(torch.equal(layer.bias, torch.zeros_like(layer.bias)) for layer in layers)
    if init == "one":
        assert torch.equal(scales, torch.ones_like(scales))
    else:
        assert 0 <= scales.min() < 0.1 < 0.9 < scales.max() <= 1
        assert scales.mean().item() == pytest.approx(0.5, abs=5 * 0.289 / math.sqrt(len(scales)))


@pytest.mark.parametrize("norm", choices_of("norm"))
def test_the_seed_decides_every_weight(norm: str) -> None:
    first = tiny(seed=3, norm=norm).state_dict()
    torch.rand(7)  # what others draw does not matter
    again, other = tiny(seed=3, norm=norm).state_dict(), tiny(seed=4, norm=norm).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["output.bias"], other["output.bias"])
    assert not torch.equal(first["output.weight"], other["output.weight"])


def test_building_a_network_leaves_the_global_random_numbers_alone() -> None:
    before = torch.get_rng_state()
    tiny(batchnorm_init="uniform")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("changed", [{"batchnorm_init": "uniform"}, {"norm": "weight_norm"}])
def test_networks_of_one_seed_start_from_the_same_weights(changed: dict[str, str]) -> None:
    plain, other = tiny(seed=5), tiny(seed=5, **changed)
    for name, layer in convolutions(plain, shortcut=False).items():
        weight = other.get_submodule(name).weight
        torch.testing.assert_close(weight, layer.weight, rtol=1e-6, atol=1e-7)
    assert torch.equal(plain.output.weight, other.output.weight)
