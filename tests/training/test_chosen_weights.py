"""The control of BatchNorm-only training: as many weights, chosen at random."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Adam

from experiments.training.chosen_weights import choose_weights, chosen_layers
from experiments.training.diagnostics import parameter_counts
from experiments.training.models import build_model
from experiments.training.models.resnet import ResNet
from experiments.training.settings import TrainSettings
from experiments.training.trainable import freeze, trainable_names

IMAGES = torch.randn(8, 3, 16, 16, generator=torch.Generator().manual_seed(1))
LABELS = torch.arange(8) % 10


def network(seed: int = 1, chosen: int | None = 1) -> ResNet:
    model = build_model(TrainSettings(depth=8, width=4, seed=seed), 10)
    if chosen is not None:
        choose_weights(model, chosen)
        freeze(model, trainable_names(model, "random"))
    return model


def weights(model: nn.Module) -> dict[str, Tensor]:
    return {
        name: layer.weight.detach().clone()
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d)
    }


def test_as_many_weights_learn_as_batchnorm_has_parameters() -> None:
    counts = parameter_counts(network())
    assert counts["trainable"] == counts["batchnorm"]
    assert counts["total"] == parameter_counts(network(chosen=None))["total"]


def test_choosing_changes_no_output() -> None:
    assert torch.equal(network().eval()(IMAGES), network(chosen=None).eval()(IMAGES))


def test_the_seed_decides_which_weights() -> None:
    def places(seed: int) -> list[Tensor]:
        model = network(chosen=seed)
        return [
            layer.get_buffer("parametrizations.weight.0.places") for layer in chosen_layers(model).values()
        ]

    assert all(torch.equal(one, again) for one, again in zip(places(1), places(1), strict=True))
    assert not all(torch.equal(one, other) for one, other in zip(places(1), places(2), strict=True))


@pytest.mark.parametrize("make", [lambda p: SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1), Adam])
def test_two_weights_of_every_channel_move_and_no_other(make: type) -> None:
    model = network()
    before = weights(model)
    optimizer = make([parameter for parameter in model.parameters() if parameter.requires_grad])
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        torch.autograd.backward(cross_entropy(model(IMAGES), LABELS))
        optimizer.step()
    for name, after in weights(model).items():
        changed = (after != before[name]).flatten(1).sum(dim=1)
        assert changed.tolist() == [2] * len(after), name


def test_a_network_with_chosen_weights_comes_back_from_its_state() -> None:
    model, other = network(), network(seed=7, chosen=3)
    other.load_state_dict(model.state_dict())
    assert torch.equal(other.eval()(IMAGES), model.eval()(IMAGES))
