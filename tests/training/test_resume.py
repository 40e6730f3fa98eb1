"""A run that goes on from a checkpoint is the run that was never interrupted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.training import checkpoint
from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.results import EpochResult, Result
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]
MakeDataset = Callable[..., Dataset]

VARIANTS: dict[str, dict[str, Any]] = {
    "full": {"nesterov": True, "schedule": "cosine", "warmup": 0.4},
    "adam": {"optimizer": "adam", "lr": 0.01, "milestones": (0.5,)},
    "adamw": {"optimizer": "adamw", "lr": 0.01, "weight_decay": 0.1, "schedule": "cosine"},
    "bn_only": {"trainable": "batchnorm", "batchnorm_init": "uniform"},
    "frozen": {"batchnorm": "frozen", "calibration_batches": 2, "trainable": "all_but_batchnorm", "lr": 0.01},
    "weight_norm": {"norm": "weight_norm", "lr": 0.01, "micro_batch_size": 8},
    "bf16": {"precision": "bf16", "label_smoothing": 0.1},
    "nothing": {"trainable": "none"},
}


def flat(value: Any, name: str = "") -> dict[str, Any]:
    """Nested dicts and lists as one dict by path."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return {path: leaf for key, item in pairs for path, leaf in flat(item, f"{name}/{key}").items()}
    return {name: value}


def everything(state: TrainState) -> dict[str, Any]:
    return flat(
        {
            "model": dict(state.model.state_dict()),
            "modes": {name: module.training for name, module in state.model.named_modules()},
            "learning": {name: parameter.requires_grad for name, parameter in state.model.named_parameters()},
            "optimizer": state.optimizer.state_dict() if state.optimizer else {},
            "schedule": state.schedule.state_dict() if state.schedule else {},
            "random": torch.get_rng_state(),
            "position": [state.epoch, state.step],
        }
    )


def assert_same(one: dict[str, Any], two: dict[str, Any]) -> None:
    assert one.keys() == two.keys()
    for name, value in one.items():
        same = torch.equal(value, two[name]) if isinstance(value, Tensor) else value == two[name]
        assert same, name


def interrupted(
    settings: TrainSettings, dataset: Dataset, path: Path, epochs: int
) -> tuple[TrainState, list[Result]]:
    """A run that was left after some epochs, then started again; its state and the results since then."""
    first = start(settings, dataset)
    for result in train(first, dataset):
        if isinstance(result, EpochResult):
            checkpoint.save(path, first)
            if result.epoch == epochs:
                break
    torch.rand(7)  # whatever the process draws before it is started again
    second = start(settings, dataset)
    checkpoint.restore(path, second)
    return second, list(train(second, dataset))


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_resumed_run_is_bitwise_the_uninterrupted_one(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path, variant: str
) -> None:
    settings = make_settings(epochs=3, log_every=3, **VARIANTS[variant])
    whole = start(settings, dataset)
    expected = list(train(whole, dataset))
    resumed, results = interrupted(settings, dataset, tmp_path / "run.pt", epochs=1)
    assert len(results) == len(expected) - 2  # the first epoch was one step result, one epoch result
    assert results == expected[2:]
    assert_same(everything(whole), everything(resumed))


def test_a_run_that_stopped_after_its_last_epoch_is_only_tested(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings()
    expected = list(train(start(settings, dataset), dataset))
    _, results = interrupted(settings, dataset, tmp_path / "run.pt", epochs=2)
    assert results == expected[2:]


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_seed_gives_the_same_run_bitwise(
    make_settings: MakeSettings, dataset: Dataset, precision: str
) -> None:
    def run(seed: int) -> tuple[list[Result], dict[str, Any]]:
        state = start(make_settings(seed=seed, log_every=1, precision=precision), dataset)
        return list(train(state, dataset)), everything(state)

    one, again, other = run(5), run(5), run(6)
    assert not torch.equal(one[1]["/random"], other[1]["/random"])
    assert one[0] == again[0]
    assert_same(one[1], again[1])
    assert one[0][0] != other[0][0]


def test_random_numbers_go_on_where_they_were(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    state = start(make_settings(), dataset)
    torch.rand(5)  # as a network with dropout would
    checkpoint.save(tmp_path / "run.pt", state)
    expected = torch.rand(5)
    again = start(make_settings(), dataset)
    checkpoint.restore(tmp_path / "run.pt", again)
    assert torch.equal(torch.rand(5), expected)
