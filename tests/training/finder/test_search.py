"""A rate is looked for without a trace."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training.data import Dataset
from experiments.training.finder.search import Diverged, Tried, search
from experiments.training.loop import start, train
from experiments.training.norms import batchnorm_layers
from experiments.training.state import TrainState
from tests.training.finder.conftest import settings_of

FROZEN: dict[str, Any] = {"batchnorm": "frozen", "calibration_batches": 2}

KINDS: list[dict[str, Any]] = [
    {},
    {**FROZEN, "trainable": "all_but_batchnorm"},
    {"trainable": "batchnorm", "batchnorm_init": "uniform"},
    {"trainable": "random"},
    {"norm": "ghost", "ghost_size": 4},
    {"norm": "weight_norm"},
    {"norm": "spectral"},
    {"norm": "group", "optimizer": "adamw"},
    {"micro_batch_size": 4, "dropout": 0.2},
    {"layer_lr_decay": 0.5, "lr_rule": "linear", "warmup": 0.5},
    {"average": "ema", "schedule": "restarts", "snapshots": True},
    {"image_sides": (8, 16), "norm_place": "preactivation"},
]


def contents(state: TrainState) -> dict[str, Tensor]:
    """Everything that a step could move, by name, copied."""
    tensors = {f"model {name}": value for name, value in state.model.state_dict().items()}
    tensors["random"] = torch.get_rng_state()
    tensors |= {
        f"gradient {name}": value.grad
        for name, value in state.model.named_parameters()
        if value.grad is not None
    }
    assert state.optimizer is not None
    for place, moments in enumerate(state.optimizer.state.values()):
        tensors |= {
            f"moment {place} {name}": value for name, value in moments.items() if torch.is_tensor(value)
        }
    return {name: value.detach().clone() for name, value in tensors.items()}


def rates(state: TrainState) -> list[float]:
    assert state.optimizer is not None
    return [group["lr"] for group in state.optimizer.param_groups]


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_search_leaves_everything_as_it_was(kind: dict[str, Any], dataset: Dataset) -> None:
    settings = settings_of(**kind)
    state = start(settings, dataset)
    before, modes, own = contents(state), [m.training for m in state.model.modules()], rates(state)

    trials = list(search(state, settings, dataset))

    assert len([trial for trial in trials if isinstance(trial, Tried)]) >= 5
    after = contents(state)
    assert after.keys() == before.keys()
    assert [name for name in before if not torch.equal(before[name], after[name])] == []
    assert [module.training for module in state.model.modules()] == modes
    assert rates(state) == own
    assert state.step == 0


def test_a_search_in_the_middle_of_a_training_changes_no_later_number(dataset: Dataset) -> None:
    settings = settings_of(optimizer="adam", lr=0.01, dropout=0.2)
    searched, alone = [], []
    for results, looks in ((searched, True), (alone, False)):
        state = start(settings, dataset)
        for result in train(state, dataset):
            results.append(result)
            if looks and state.epoch == 1:
                before = contents(state)
                assert any(name.startswith("gradient") for name in before)
                list(search(state, settings, dataset))
                assert all(torch.equal(before[name], value) for name, value in contents(state).items())
    assert searched == alone


def test_frozen_batchnorm_stays_frozen_in_every_step(dataset: Dataset) -> None:
    settings = settings_of(**FROZEN, trainable="all_but_batchnorm")
    state = start(settings, dataset)
    before = {name: value.clone() for name, value in state.model.named_buffers()}
    weight = state.model.get_parameter("stem.conv.weight").clone()
    for _ in search(state, settings, dataset):
        assert all(torch.equal(before[name], value) for name, value in state.model.named_buffers())
        assert not any(layer.training for layer in batchnorm_layers(state.model).values())
        moved = not torch.equal(weight, state.model.get_parameter("stem.conv.weight"))
    assert moved  # while it was under way, something learnt


def test_batchnorm_that_is_not_frozen_follows_the_batches_of_the_search(dataset: Dataset) -> None:
    settings = settings_of()
    state = start(settings, dataset)
    tracked = [
        int(state.model.get_buffer("stem.norm.num_batches_tracked")) for _ in search(state, settings, dataset)
    ]
    assert tracked == list(range(1, 13))


def test_a_search_that_is_left_early_leaves_no_trace_either(dataset: Dataset) -> None:
    settings = settings_of()
    state = start(settings, dataset)
    before = contents(state)
    trials = search(state, settings, dataset)
    for _ in range(3):
        next(trials)
    trials.close()  # type: ignore[attr-defined]
    assert all(torch.equal(before[name], value) for name, value in contents(state).items())


def test_rates_rise_by_the_same_factor_and_everything_else_follows_as_in_training(dataset: Dataset) -> None:
    settings = settings_of(
        lowest_lr=1e-4, highest_lr=1e-1, steps=10, lr_rule="linear", layer_lr_decay=0.5, momentum=0.0,
        weight_decay=0.0, warmup=0.5,
    )  # fmt: skip
    state = start(settings, dataset)
    output = state.model.get_parameter("output.bias")
    moved: list[float] = []
    before = output.detach().clone()
    tried = []
    for trial in search(state, settings, dataset):
        assert isinstance(trial, Tried)
        assert output.grad is not None
        moved.append(float((before - output.detach()).norm() / output.grad.norm()))
        before = output.detach().clone()
        tried.append(trial.lr)
    assert tried == pytest.approx([10 ** (-4 + number / 3) for number in range(10)])
    assert moved == pytest.approx([rate * 16 / 128 for rate in tried], rel=0.01)


def test_the_search_ends_where_the_smoothed_loss_has_left(dataset: Dataset) -> None:
    settings = settings_of(norm="none", lowest_lr=1e-3, highest_lr=1e3, steps=30, diverged_at=1.5)
    trials = list(search(start(settings, dataset), settings, dataset))
    *curve, last = trials
    assert isinstance(last, Diverged)
    assert len(curve) < 30
    lowest = min(tried.smoothed for tried in curve if isinstance(tried, Tried))
    over = [isinstance(tried, Tried) and tried.smoothed > 1.5 * lowest for tried in curve]
    assert not last.finite or over[-1]
