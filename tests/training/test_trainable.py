"""What is frozen stays as it is to the last bit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parametrizations
from torch.optim import SGD, Optimizer

from experiments.training.chosen_weights import choose_weights
from experiments.training.norms import FreezableBatchNorm2d
from experiments.training.settings import SettingsError
from experiments.training.statistics import freeze_batchnorm
from experiments.training.trainable import POLICIES, freeze, trainable_names
from tests.training.learners import IMAGES, LABELS, OPTIMIZERS, network


def train(model: nn.Module, optimizer: Optimizer, steps: int, set_to_none: bool = True) -> None:
    model.train()
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=set_to_none)
        torch.autograd.backward(cross_entropy(model(IMAGES), LABELS))
        optimizer.step()


def learning(model: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def parameters_of(model: nn.Module) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in model.named_parameters()}


def moved(model: nn.Module, before: dict[str, Tensor]) -> set[str]:
    return {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}


# ---------------------------------------------------------------------------------------------------
# Policies


def test_policies_share_the_network_out() -> None:
    model = network()
    everything = {name for name, _ in model.named_parameters()}
    norms = trainable_names(model, "batchnorm")
    assert trainable_names(model, "all") == everything
    assert norms == {name for name in everything if "norm" in name}
    assert trainable_names(model, "all_but_batchnorm") == everything - norms
    assert trainable_names(model, "output") == {"output.weight", "output.bias"}
    assert trainable_names(model, "none") == frozenset()


def test_scales_and_shifts_are_batchnorm() -> None:
    model = network()
    scales, shifts = trainable_names(model, "batchnorm_scale"), trainable_names(model, "batchnorm_shift")
    assert "stem.norm.weight" in scales
    assert "stem.norm.bias" in shifts
    assert not scales & shifts
    assert scales | shifts == trainable_names(model, "batchnorm")


def test_shortcuts_are_their_convolutions_with_their_batchnorm() -> None:
    names = trainable_names(network(), "shortcut")
    assert {name.rpartition("shortcut.")[2] for name in names} == {"conv.weight", "norm.weight", "norm.bias"}
    assert len(names) == 6


@pytest.mark.parametrize("policy", ["shortcut+output", "batchnorm+output", "batchnorm+shortcut+output"])
def test_a_plus_joins_policies(policy: str) -> None:
    model = network()
    expected = [trainable_names(model, part) for part in policy.split("+")]
    assert trainable_names(model, policy) == frozenset().union(*expected)


def test_weight_norm_parameters_go_by_their_names() -> None:
    model = network(norm="weight_norm")
    assert trainable_names(model, "all") == {name for name, _ in model.named_parameters()}
    assert "stem.conv.parametrizations.weight.original1" in trainable_names(model, "all")
    freeze(model, trainable_names(model, "output"))
    before = parameters_of(model)
    train(model, SGD(learning(model), lr=0.1), steps=3)
    assert moved(model, before) == {"output.weight", "output.bias"}


def test_an_unknown_policy_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"trainable='batch_norm' is not one of .*all, batchnorm"):
        trainable_names(network(), "batch_norm")


@pytest.mark.parametrize("policy", ["batchnorm", "output"])
def test_a_policy_that_would_train_nothing_is_refused(policy: str) -> None:
    with pytest.raises(SettingsError, match="would train nothing"):
        trainable_names(nn.Sequential(nn.Conv2d(3, 4, 3)), policy)


def test_a_name_that_is_not_there_is_refused_before_anything_is_frozen() -> None:
    model = network()
    with pytest.raises(SettingsError, match=r"no parameter output\.scale"):
        freeze(model, frozenset({"output.bias", "output.scale"}))
    assert len(learning(model)) == len(list(model.parameters()))


class Odd(nn.Module):
    """Parameters that a search by type or by word would take for something else."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(4))  # owned by the root, called as a scale is
        self.weight_of_batchnorm = nn.Parameter(torch.ones(4))
        self.first = nn.Linear(4, 4)
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.first.weight
        self.attention = nn.MultiheadAttention(4, 2)
        self.activation = nn.PReLU()
        self.plain = nn.BatchNorm1d(4)
        self.own = FreezableBatchNorm2d(4)
        self.lengths = parametrizations.weight_norm(nn.Linear(4, 4))
        self.output = nn.Linear(4, 4)
        self.output.weight = self.first.weight


def test_batchnorm_is_found_by_layer_and_not_by_word() -> None:
    expected = {"plain.weight", "plain.bias", "own.weight", "own.bias"}
    assert trainable_names(Odd(), "batchnorm") == expected


def test_everything_else_is_found_too() -> None:
    rest = trainable_names(Odd(), "all_but_batchnorm")
    assert {
        "gamma",
        "weight_of_batchnorm",
        "first.weight",
        "tied.bias",
        "attention.in_proj_weight",
        "activation.weight",
        "lengths.parametrizations.weight.original0",
    } <= rest
    assert len(rest) + 4 == len(list(Odd().parameters()))


def test_a_tied_weight_goes_by_its_first_name() -> None:
    model = Odd()
    names = trainable_names(model, "output")
    assert names == {"first.weight", "output.bias"}
    freeze(model, names)
    assert model.output.weight.requires_grad
    assert not model.tied.bias.requires_grad


def test_freezing_again_lets_other_parameters_learn() -> None:
    model = network()
    freeze(model, trainable_names(model, "none"))
    freeze(model, trainable_names(model, "output"))
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        "output.weight",
        "output.bias",
    }


# ---------------------------------------------------------------------------------------------------
# Training under a policy


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy != "none"])
def test_only_what_the_policy_names_moves(policy: str, optimizer: str, set_to_none: bool) -> None:
    model = network()
    if policy == "random":
        choose_weights(model, seed=1)
    names = trainable_names(model, policy)
    freeze(model, names)
    before = parameters_of(model)
    train(model, OPTIMIZERS[optimizer](learning(model)), steps=4, set_to_none=set_to_none)
    assert moved(model, before) == names


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_even_an_optimizer_of_everything_moves_only_what_the_policy_names(optimizer: str) -> None:
    model = network()
    names = trainable_names(model, "batchnorm")
    freeze(model, names)
    before = parameters_of(model)
    train(model, OPTIMIZERS[optimizer](list(model.parameters())), steps=3, set_to_none=False)
    assert moved(model, before) == names


@pytest.mark.parametrize("policy", ["all", "batchnorm", "all_but_batchnorm", "output"])
def test_optimizer_gradients_and_states_belong_to_the_policy(policy: str) -> None:
    model = network()
    names = trainable_names(model, policy)
    freeze(model, names)
    optimizer = SGD(learning(model), lr=0.1, momentum=0.9)
    train(model, optimizer, steps=1)
    named = {parameter: name for name, parameter in model.named_parameters()}
    assert {named[p] for group in optimizer.param_groups for p in group["params"]} == names
    assert {name for parameter, name in named.items() if parameter.grad is not None} == names
    assert set(optimizer.state) <= {parameter for parameter, name in named.items() if name in names}


def test_nothing_learns_under_none() -> None:
    model = network()
    freeze(model, trainable_names(model, "none"))
    assert not cross_entropy(model(IMAGES), LABELS).requires_grad


def test_statistics_follow_the_data_although_only_batchnorm_learns() -> None:
    model = network()
    freeze(model, trainable_names(model, "none"))
    before = copy.deepcopy(dict(model.named_buffers()))
    with torch.no_grad():
        model.train()(IMAGES)
    assert not any(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


@pytest.mark.parametrize("policy", ["all", "batchnorm", "all_but_batchnorm"])
def test_frozen_statistics_keep_every_bit_while_the_rest_learns(policy: str) -> None:
    model = network()
    names = trainable_names(model, policy)
    freeze(model, names)
    train(model, SGD(learning(model), lr=0.1), steps=2)
    freeze_batchnorm(model)
    before, parameters = copy.deepcopy(dict(model.named_buffers())), parameters_of(model)
    train(model, SGD(learning(model), lr=0.1), steps=3)
    model.eval()(IMAGES)
    assert {name.rpartition(".")[2] for name in before} == {
        "running_mean",
        "running_var",
        "num_batches_tracked",
    }
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
    assert moved(model, parameters) == names


def test_a_network_without_batchnorm_cannot_be_frozen() -> None:
    with pytest.raises(SettingsError, match="the network has none"):
        freeze_batchnorm(network(norm="weight_norm"))


def test_a_batchnorm_that_would_thaw_is_refused() -> None:
    with pytest.raises(SettingsError, match="1 is a BatchNorm2d; build it as FreezableBatchNorm2d"):
        freeze_batchnorm(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
