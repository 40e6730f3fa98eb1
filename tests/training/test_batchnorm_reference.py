"""The BatchNorm of the networks computes the published formulas, written out here in float64."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, cross_entropy, instance_norm

from experiments.training.models import build_model
from experiments.training.norms import FreezableBatchNorm2d, batchnorm_layers
from experiments.training.settings import TrainSettings
from experiments.training.statistics import calibrate, freeze_batchnorm

EPS, MOMENTUM = 1e-5, 0.1
IMAGES = torch.randn(8, 3, 8, 8, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(8) % 10
SHAPES = [(5, 4), (5, 4, 4, 4), (3, 4, 2, 5)]  # the second has as many channels as pixels in a row


class Reference:
    """Ioffe & Szegedy 2015 in plain arithmetic; channels are dimension 1."""

    def __init__(self, channels: int) -> None:
        self.scale = torch.ones(channels, dtype=torch.float64, requires_grad=True)
        self.shift = torch.zeros(channels, dtype=torch.float64, requires_grad=True)
        self.mean = torch.zeros(channels, dtype=torch.float64)
        self.variance = torch.ones(channels, dtype=torch.float64)

    def train_output(self, x: Tensor) -> Tensor:
        samples = x.transpose(0, 1).flatten(1)  # channels, all else
        count = samples.shape[1]
        mean = samples.sum(dim=1) / count
        squares = ((samples - mean[:, None]) ** 2).sum(dim=1)
        self.mean = (1 - MOMENTUM) * self.mean + MOMENTUM * mean.detach()
        self.variance = (1 - MOMENTUM) * self.variance + MOMENTUM * squares.detach() / (count - 1)
        return self.normalised(x, mean, squares / count)

    def eval_output(self, x: Tensor) -> Tensor:
        return self.normalised(x, self.mean, self.variance)

    def normalised(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        shape = (1, -1, *[1] * (x.dim() - 2))
        centred = (x - mean.view(shape)) / torch.sqrt(variance.view(shape) + EPS)
        return self.scale.view(shape) * centred + self.shift.view(shape)


def layer_for(shape: tuple[int, ...]) -> nn.BatchNorm1d | FreezableBatchNorm2d:
    layer = nn.BatchNorm1d(shape[1]) if len(shape) == 2 else FreezableBatchNorm2d(shape[1])
    return layer.double()


def pair(shape: tuple[int, ...]) -> tuple[Reference, nn.BatchNorm1d | FreezableBatchNorm2d]:
    """The reference and torch's layer, with the same scale and shift."""
    reference, layer = Reference(shape[1]), layer_for(shape)
    with torch.no_grad():
        reference.scale.copy_(layer.weight.uniform_(0.5, 2))
        reference.shift.copy_(layer.bias.normal_())
    return reference, layer


def test_the_layers_of_a_network_are_the_ones_compared_here() -> None:
    layers = batchnorm_layers(build_model(TrainSettings(depth=8, width=4), 10)).values()
    assert {(type(layer), layer.eps, layer.momentum) for layer in layers} == {
        (FreezableBatchNorm2d, EPS, MOMENTUM)
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_ten_steps_equal_the_reference(shape: tuple[int, ...]) -> None:
    reference, layer = pair(shape)
    for _ in range(10):
        x = 3 * torch.randn(shape, dtype=torch.float64) + 1
        torch.testing.assert_close(layer(x), reference.train_output(x))
    torch.testing.assert_close(layer.running_mean, reference.mean)
    torch.testing.assert_close(layer.running_var, reference.variance)
    assert layer.num_batches_tracked == 10
    x = torch.randn(shape, dtype=torch.float64)
    torch.testing.assert_close(layer.eval()(x), reference.eval_output(x))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("training", [True, False])
def test_gradients_equal_the_reference(shape: tuple[int, ...], training: bool) -> None:
    reference, layer = pair(shape)
    layer.train(training)
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(shape, dtype=torch.float64)
    expected = (reference.train_output(x) if training else reference.eval_output(x)) * weights
    ours = torch.autograd.grad((layer(x) * weights).sum(), [x, layer.weight, layer.bias])
    theirs = torch.autograd.grad(expected.sum(), [x, reference.scale, reference.shift])
    for gradient, wanted in zip(ours, theirs, strict=True):
        torch.testing.assert_close(gradient, wanted)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_equal_finite_differences(training: bool) -> None:
    inputs = [
        torch.rand(size, dtype=torch.float64, requires_grad=True) for size in ((3, 2, 2, 2), (2,), (2,))
    ]
    mean, variance = torch.rand(2).double(), torch.rand(2).double() + 0.5

    def layer(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        return batch_norm(x, mean.clone(), variance.clone(), scale, shift, training)

    assert torch.autograd.gradcheck(layer, inputs)


def test_the_reference_tells_the_known_wrong_formulas_apart() -> None:
    _, layer = pair((4, 4))
    x = 3 * torch.randn(4, 4, dtype=torch.float64)
    right = (layer(x) - layer.bias) / layer.weight
    centred = x - x.mean(dim=0)
    unbiased = centred / torch.sqrt(x.var(dim=0) + EPS)
    squared = centred / torch.sqrt(x.var(dim=0, correction=0) ** 2 + EPS)
    ratio = (unbiased / right).detach()
    torch.testing.assert_close(ratio, torch.full_like(ratio, (3 / 4) ** 0.5), atol=1e-3, rtol=0)
    assert (squared - right).abs().max() > 0.1


def test_without_momentum_the_statistics_are_plain_means() -> None:
    layer = FreezableBatchNorm2d(4, momentum=None).double()
    batches = [torch.randn(3, 4, 2, 2, dtype=torch.float64) + shift for shift in range(5)]
    for batch in batches:
        layer(batch)
    means = torch.stack([batch.mean(dim=(0, 2, 3)) for batch in batches])
    torch.testing.assert_close(layer.running_mean, means.mean(dim=0))


def test_statistics_carry_no_graph_and_can_be_copied() -> None:
    layer = FreezableBatchNorm2d(4)
    for _ in range(3):
        layer(torch.randn(3, 4, 2, 2, requires_grad=True))
    assert all(buffer.grad_fn is None for buffer in layer.buffers())
    other = FreezableBatchNorm2d(4)
    other.load_state_dict(copy.deepcopy(layer).state_dict())
    x = torch.randn(3, 4, 2, 2)
    assert torch.equal(layer.eval()(x), other.eval()(x))


def test_statistics_move_in_the_forward_pass_without_gradients_too() -> None:
    layer = FreezableBatchNorm2d(4)
    with torch.no_grad():
        layer(torch.randn(3, 4, 2, 2) + 1)
    assert layer.num_batches_tracked == 1


# ---------------------------------------------------------------------------------------------------
# Batches of one


def test_one_value_per_channel_cannot_be_normalised() -> None:
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        FreezableBatchNorm2d(4)(torch.randn(1, 4, 1, 1))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(4)(torch.randn(1, 4))


def test_a_batch_of_one_image_is_normalised_like_an_instance() -> None:
    image = torch.randn(1, 4, 5, 5)
    torch.testing.assert_close(FreezableBatchNorm2d(4)(image), instance_norm(image), atol=1e-6, rtol=0)


def test_a_network_on_one_tiny_image_fails_in_train_mode_and_not_when_frozen() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    image = torch.randn(1, 3, 4, 4)  # one pixel is left in the last stage
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        model(image)
    freeze_batchnorm(model)
    assert model.train()(image).isfinite().all()


# ---------------------------------------------------------------------------------------------------
# Convolution before BatchNorm


def normalised(images: Tensor, weight: Tensor, bias: Tensor | None = None, *, frozen: bool = False) -> Tensor:
    mean, variance = torch.full((4,), 0.3).double(), torch.full((4,), 2.0).double()
    hidden = conv2d(images, weight, bias)
    return batch_norm(hidden, mean, variance, training=not frozen, eps=1e-12)


def convolution() -> tuple[Tensor, Tensor, Tensor]:
    """Images, a weight, and weights for the outputs so that gradients are not zero by symmetry."""
    images, weight = torch.randn(6, 3, 5, 5).double(), torch.randn(4, 3, 3, 3).double()
    return images, weight.requires_grad_(), torch.randn(6, 4, 3, 3).double()


def test_the_length_of_a_filter_does_not_matter_before_batchnorm() -> None:
    images, weight, _ = convolution()
    lengths = torch.tensor([0.1, 1.0, 7.0, 100.0]).double().view(4, 1, 1, 1)
    torch.testing.assert_close(normalised(images, lengths * weight), normalised(images, weight))
    frozen = normalised(images, lengths * weight, frozen=True)
    assert (frozen - normalised(images, weight, frozen=True)).abs().max() > 1


def test_the_gradient_of_a_filter_is_at_right_angles_to_it_before_batchnorm() -> None:
    images, weight, outputs = convolution()
    (gradient,) = torch.autograd.grad((normalised(images, weight) * outputs).sum(), weight)
    assert (gradient * weight).sum().abs() < 1e-8
    assert gradient.abs().max() > 1e-2


def test_a_bias_before_batchnorm_learns_only_when_batchnorm_is_frozen() -> None:
    images, weight, outputs = convolution()
    bias = torch.randn(4).double().requires_grad_()
    (idle,) = torch.autograd.grad((normalised(images, weight, bias) * outputs).sum(), bias)
    frozen = normalised(images, weight, bias, frozen=True)
    (real,) = torch.autograd.grad((frozen * outputs).sum(), bias)
    assert idle.abs().max() < 1e-10
    assert real.abs().max() > 1e-2


# ---------------------------------------------------------------------------------------------------
# Precision, accumulated gradients


def test_statistics_stay_in_fp32_under_bf16() -> None:
    model = build_model(TrainSettings(depth=8, width=4), 10)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert model(IMAGES).dtype == torch.bfloat16
    for layer in batchnorm_layers(model).values():
        assert layer.running_mean is not None
        assert layer.running_mean.dtype == torch.float32
        assert layer.running_mean.abs().max() > 0


def test_statistics_that_are_bf16_themselves_stop_following() -> None:
    exact, rough = nn.BatchNorm2d(1, momentum=0.001), nn.BatchNorm2d(1, momentum=0.001).bfloat16()
    images = 10 + torch.randn(64, 1, 4, 4, generator=torch.Generator().manual_seed(1))
    for _ in range(3000):
        exact(images)
        rough(images.bfloat16())
    assert exact.running_mean is not None
    assert rough.running_mean is not None
    assert abs(exact.running_mean.item() - 9.5) < 0.1  # 1 - 0.999 ** 3000 of 10
    assert rough.running_mean.item() < 5  # steps that are smaller than half of bf16's last digit are lost


def gradient(model: nn.Module, micro_batch: int) -> Tensor:
    """The gradient of the mean loss of the batch, gathered over micro-batches."""
    model.zero_grad()
    for images, labels in zip(
        torch.split(IMAGES.double(), micro_batch), torch.split(LABELS, micro_batch), strict=True
    ):
        loss = cross_entropy(model(images), labels, reduction="sum") / len(IMAGES)
        torch.autograd.backward(loss)
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("kind", ["batchnorm", "frozen", "weight_norm"])
def test_accumulated_gradients_are_those_of_a_big_batch_except_under_batchnorm(kind: str) -> None:
    norm = "weight_norm" if kind == "weight_norm" else "batchnorm"
    model = build_model(TrainSettings(depth=8, width=4, norm=norm), 10).double()
    if kind == "frozen":
        calibrate(model, [IMAGES.double()])
        freeze_batchnorm(model)
    model.train()
    whole, gathered = gradient(model, 8), gradient(model, 2)
    difference = ((whole - gathered).norm() / whole.norm()).item()
    assert difference > 0.05 if kind == "batchnorm" else difference < 1e-6
