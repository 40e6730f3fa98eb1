"""Weight normalisation keeps its laws, data-dependent initialisation standardises every channel."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parametrize

from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.norms import NORMS, initialise_from_data, weight_norm_layers
from experiments.training.settings import SettingsError, TrainSettings

IMAGES = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(1)).double()
LABELS = torch.arange(8) % 10


def network(shortcut: str = "B") -> ResNet:
    settings = TrainSettings(depth=8, width=4, norm="weight_norm", shortcut=shortcut)
    return build_model(settings, 10).double()


def parts(layer: Any) -> tuple[Any, Any]:
    """Length and direction, the two parameters behind a weight."""
    weight = layer.parametrizations.weight
    return weight.original0, weight.original1


def stem(model: nn.Module) -> Any:
    return model.get_submodule("stem.conv")


def lengths(filters: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(filters.flatten(1), dim=1)
    return lengths


def channel_moments(model: nn.Module, images: Tensor) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and standard deviation of every channel that weight-normalised layers give."""
    found = {}

    def keep(name: str) -> Any:
        def hook(_layer: nn.Module, _inputs: Any, output: Tensor) -> None:
            found[name] = (output.mean(dim=(0, 2, 3)), output.std(dim=(0, 2, 3), correction=0))

        return hook

    hooks = [layer.register_forward_hook(keep(name)) for name, layer in weight_norm_layers(model).items()]
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()
    return found


def test_every_convolution_has_weight_norm_and_the_output_has_not() -> None:
    model = network()
    names = {name for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d)}
    assert set(weight_norm_layers(model)) == names
    assert len(names) == 7 + 2  # two shortcuts


def test_a_weight_is_its_length_times_its_direction() -> None:
    model = network()
    for layer in weight_norm_layers(model).values():
        length, direction = parts(layer)
        nn.init.uniform_(length, 0.5, 2)
        expected = length * direction / lengths(direction).reshape(length.shape)
        torch.testing.assert_close(layer.weight, expected, atol=3e-8, rtol=0)


def test_weight_norm_keeps_the_weight_that_it_is_applied_to() -> None:
    norm, convolution = NORMS["weight_norm"](TrainSettings()), nn.Conv2d(3, 4, 3)
    before = convolution.weight.detach().clone()
    assert isinstance(norm.layer(4), nn.Identity)
    torch.testing.assert_close(norm.reparametrise(convolution).weight, before, atol=3e-8, rtol=0)


def test_a_direction_learns_at_right_angles_to_itself() -> None:
    model = network()
    torch.autograd.backward(cross_entropy(model(IMAGES), LABELS))
    for layer in weight_norm_layers(model).values():
        _, direction = parts(layer)
        assert direction.grad is not None
        along = (direction.grad * direction).flatten(1).sum(dim=1)
        assert along.abs().max() < 1e-12
        assert direction.grad.abs().max() > 1e-9


def test_directions_do_not_get_shorter_under_plain_sgd() -> None:
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = {name: lengths(parts(layer)[1]) for name, layer in weight_norm_layers(model).items()}
    for _ in range(3):
        optimizer.zero_grad()
        torch.autograd.backward(cross_entropy(model(IMAGES), LABELS))
        optimizer.step()
    for name, layer in weight_norm_layers(model).items():
        after = lengths(parts(layer)[1])
        assert (after >= before[name] - 1e-12).all(), name
        assert (after > before[name]).any(), name


def test_an_assigned_weight_becomes_a_length_and_a_direction() -> None:
    layer = stem(network())
    weight = torch.randn_like(layer.weight)
    layer.weight = weight
    torch.testing.assert_close(layer.weight, weight, atol=1e-12, rtol=0)
    torch.testing.assert_close(parts(layer)[0].flatten(), lengths(weight), atol=1e-12, rtol=0)


def test_a_state_dict_names_both_parts_and_loads() -> None:
    model, other = network(), build_model(TrainSettings(depth=8, width=4, norm="weight_norm", seed=1), 10)
    state = model.state_dict()
    assert "stem.conv.parametrizations.weight.original0" in state
    assert "stem.conv.parametrizations.weight.original1" in state
    other.double().load_state_dict(state)
    assert torch.equal(model(IMAGES), other(IMAGES))


def test_outputs_are_the_same_when_weight_norm_is_taken_away() -> None:
    model = network()
    before = model(IMAGES)
    for layer in weight_norm_layers(model).values():
        parametrize.remove_parametrizations(layer, "weight")
    assert not weight_norm_layers(model)
    torch.testing.assert_close(model(IMAGES), before, atol=1e-12, rtol=0)


def test_a_deep_copy_is_independent() -> None:
    model = network()
    before = model(IMAGES)
    initialise_from_data(copy.deepcopy(model), IMAGES)
    assert torch.equal(model(IMAGES), before)


def test_the_deprecated_weight_norm_warns() -> None:
    with pytest.warns(FutureWarning, match="weight_norm"):
        torch.nn.utils.weight_norm(nn.Linear(2, 2))


@pytest.mark.parametrize("shortcut", ["A", "B", "none"])
def test_initialisation_from_data_standardises_every_channel(shortcut: str) -> None:
    model = network(shortcut)
    initialise_from_data(model, IMAGES)
    moments = channel_moments(model, IMAGES)
    assert len(moments) == (9 if shortcut == "B" else 7)
    for name, (mean, deviation) in moments.items():
        assert mean.abs().max() < 1e-6, name
        assert (deviation - 1).abs().max() < 1e-6, name


def test_without_initialisation_from_data_channels_are_not_standardised() -> None:
    assert any(
        (deviation - 1).abs().max() > 0.1 for _, deviation in channel_moments(network(), IMAGES).values()
    )


def test_initialisation_from_data_gives_the_published_length_and_bias() -> None:
    model = network()
    length, direction = parts(stem(model))
    plain = torch.conv2d(IMAGES, direction / lengths(direction).reshape(length.shape), padding=1)
    deviation, mean = torch.std_mean(plain, dim=(0, 2, 3), correction=0)
    initialise_from_data(model, IMAGES)
    torch.testing.assert_close(length.flatten(), 1 / deviation)
    torch.testing.assert_close(stem(model).bias, -mean / deviation)


def test_initialisation_from_data_leaves_directions_output_modes_and_hooks() -> None:
    model = network()
    model.stem.eval()
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    initialise_from_data(model, IMAGES)
    for name, value in model.state_dict().items():
        learned_from_data = name.endswith(("original0", "conv.bias", "conv1.bias", "conv2.bias"))
        assert torch.equal(value, before[name]) != learned_from_data, name
    assert [module.training for module in model.modules()] == modes
    assert not any(module._forward_hooks for module in model.modules())


def test_initialisation_from_data_draws_nothing() -> None:
    model = nn.Sequential(network(), nn.Dropout(0.5))
    before = torch.get_rng_state()
    initialise_from_data(model, IMAGES)
    assert torch.equal(torch.get_rng_state(), before)


def test_initialisation_from_data_leaves_other_networks_alone() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    before = copy.deepcopy(model.state_dict())
    initialise_from_data(model, IMAGES.float())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_filter_of_zeros_is_named() -> None:
    model = network()
    conv1: Any = model.get_submodule("stages.1.0.conv1")
    with torch.no_grad():
        parts(conv1)[1][2] = 0
    assert model(IMAGES).isnan().any()
    with pytest.raises(SettingsError, match=r"filter 2 of stages\.1\.0\.conv1 has length 0"):
        initialise_from_data(model, IMAGES)
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_images_without_information_are_refused(value: float) -> None:
    with pytest.raises(SettingsError, match=r"channel 0 of stem\.conv has deviation"):
        initialise_from_data(network(), torch.full((4, 3, 16, 16), value).double())


def test_weight_norm_computes_in_bf16_and_channels_last() -> None:
    model = build_model(TrainSettings(depth=8, width=4, norm="weight_norm"), 10)
    model = model.to(memory_format=torch.channels_last)
    images = IMAGES.float().contiguous(memory_format=torch.channels_last)
    initialise_from_data(model, images)
    exact = model(images)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = model(images)
    assert rounded.dtype == torch.bfloat16
    torch.testing.assert_close(rounded.float(), exact, atol=0.1, rtol=0.1)
