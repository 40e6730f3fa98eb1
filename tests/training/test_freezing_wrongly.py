"""The known wrong ways of freezing do not freeze."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from experiments.training.models.resnet import ResNet
from experiments.training.norms import FreezableBatchNorm2d, batchnorm_layers
from tests.training.learners import IMAGES, LABELS, OPTIMIZERS, network


def nothing(model: nn.Module) -> None:
    """What proper freezing does after a step."""


def train(
    model: nn.Module,
    optimizer: Optimizer,
    steps: int,
    set_to_none: bool = True,
    after_step: Callable[[nn.Module], None] = nothing,
) -> None:
    model.train()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=set_to_none)
        torch.autograd.backward(cross_entropy(model(IMAGES), LABELS))
        optimizer.step()
        after_step(model)


def stem_norm(model: nn.Module) -> FreezableBatchNorm2d:
    layer = model.get_submodule("stem.norm")
    assert isinstance(layer, FreezableBatchNorm2d)
    return layer


def stem_weight(model: nn.Module) -> Tensor:
    return model.get_parameter("stem.conv.weight").detach()


def mean(layer: nn.BatchNorm2d) -> Tensor:
    """A copy of the running mean."""
    assert layer.running_mean is not None
    return layer.running_mean.clone()


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def moved(model: nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}


def freeze_others_after_the_step(model: nn.Module) -> None:
    """Wrong: the step before it has moved everything, the optimiser goes on with its memory."""
    norms = {p for layer in batchnorm_layers(model).values() for p in layer.parameters()}
    for parameter in model.parameters():
        parameter.requires_grad_(parameter in norms)


def clear_gradients_by_type_name(model: nn.Module) -> None:
    """Wrong twice: a type never equals a string, and gradients are cleared when they have been used."""
    for layer in model.modules():
        if type(layer) != "torch.nn.modules.batchnorm.BatchNorm2d":  # type: ignore[comparison-overlap]  # noqa: E721
            for parameter in layer.parameters():
                if parameter.grad is not None:
                    parameter.grad.zero_()


def freeze_recursively(module: nn.Module) -> None:
    """Wrong: the call that should be in the loop comes after it, where a leaf has no child."""
    for child in module.children():
        for parameter in child.parameters():
            parameter.requires_grad_(False)
    freeze_recursively(child)


def drift(steps: int, optimizer: str, set_to_none: bool) -> float:
    """How far the first convolution has moved, relative to its length, when the freeze comes after step 1."""
    model = network()
    before = stem_weight(model).clone()
    train(
        model,
        OPTIMIZERS[optimizer](list(model.parameters())),
        steps,
        set_to_none,
        freeze_others_after_the_step,
    )
    return float((stem_weight(model) - before).norm() / before.norm())


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_freezing_after_the_first_step_is_a_step_too_late(optimizer: str) -> None:
    assert drift(1, optimizer, set_to_none=True) > 0


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_freezing_after_the_first_step_goes_no_further_without_gradients(optimizer: str) -> None:
    assert drift(5, optimizer, set_to_none=True) == drift(1, optimizer, set_to_none=True)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_freezing_after_the_first_step_never_stops_with_gradients_of_zero(optimizer: str) -> None:
    steps = [drift(count, optimizer, set_to_none=False) for count in (1, 3, 6)]
    assert steps[0] < steps[1] < steps[2]
    assert steps[2] > 1.5 * steps[0]


def test_comparing_a_type_with_a_string_trains_everything() -> None:
    plain, wrong = network(), network()
    train(plain, SGD(plain.parameters(), lr=0.1, momentum=0.9), steps=3)
    optimizer = SGD(wrong.parameters(), lr=0.1, momentum=0.9)
    train(wrong, optimizer, steps=3, after_step=clear_gradients_by_type_name)
    assert not moved(wrong, parameters_of(plain))


def test_recursion_outside_the_loop_ends_at_the_first_leaf() -> None:
    with pytest.raises(UnboundLocalError, match="child"):
        freeze_recursively(network())


def test_recursion_over_children_misses_what_the_root_owns() -> None:
    model = network()
    model.register_parameter("gamma", nn.Parameter(torch.ones(4)))
    with pytest.raises(UnboundLocalError):
        freeze_recursively(model)
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {"gamma"}


def without_momentum() -> ResNet:
    """Wrong: BatchNorm with momentum 0, as if that froze it."""
    model = network()
    for layer in batchnorm_layers(model).values():
        layer.momentum = 0.0
    return model


def test_momentum_zero_keeps_the_statistics_but_not_the_output() -> None:
    model = without_momentum().train()
    before = mean(stem_norm(model))
    others = torch.cat([IMAGES[:1], 3 * IMAGES[1:].flip(0)])
    assert (model(IMAGES)[0] - model(others)[0]).abs().max() > 1e-2
    assert torch.equal(mean(stem_norm(model)), before)
    assert stem_norm(model).num_batches_tracked == 2  # it still counts


def test_momentum_zero_does_not_keep_a_bad_batch_out() -> None:
    model = without_momentum().train()
    model(torch.full_like(IMAGES, float("nan")))
    assert mean(stem_norm(model)).isnan().all()  # 0 times NaN
    assert model.eval()(IMAGES).isnan().all()


def test_eval_mode_alone_thaws_at_the_next_epoch() -> None:
    model = network()
    before = mean(stem_norm(model))
    for layer in batchnorm_layers(model).values():
        layer.eval()
    train(model, SGD(model.parameters(), lr=0.1), steps=1)
    assert not torch.equal(mean(stem_norm(model)), before)
