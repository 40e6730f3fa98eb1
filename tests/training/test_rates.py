"""The learning rate over the cycles of a run, and from layer to layer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.schedule import cycle_ends, lr_share
from experiments.training.settings import TrainSettings

MakeSettings = Callable[..., TrainSettings]


def shares(steps: int, **changes: object) -> list[float]:
    settings = TrainSettings(schedule="restarts", **changes)  # type: ignore[arg-type]
    return [lr_share(settings, steps, step) for step in range(steps)]


@pytest.mark.parametrize(
    ("growth", "cycles", "steps", "restarts"),
    [("geometric", 4, 15, [0, 1, 3, 7]), ("arithmetic", 4, 10, [0, 1, 3, 6]), ("none", 3, 9, [0, 3, 6])],
)
def test_cycles_restart_where_their_growth_says(
    growth: str, cycles: int, steps: int, restarts: list[int]
) -> None:
    found = shares(steps, cycles=cycles, cycle_growth=growth)
    assert [step for step, share in enumerate(found) if share == 1] == restarts


def test_arithmetic_cycles_have_the_known_rates() -> None:
    found = shares(6, cycles=3, cycle_growth="arithmetic")
    assert found == pytest.approx([1, 1, 0.5, 1, 0.75, 0.25])


def test_geometric_cycles_are_torchs_warm_restarts() -> None:
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4, T_mult=2)
    expected = []
    for _ in range(28):
        expected.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        theirs.step()
    assert shares(28, cycles=3) == pytest.approx(expected)


def test_the_last_cycle_ends_with_the_run_and_a_warm_up_comes_before_the_first() -> None:
    settings = TrainSettings(schedule="restarts", cycles=2, cycle_growth="none", warmup=0.2)
    assert cycle_ends(settings, 100) == (60, 100)
    found = [lr_share(settings, 100, step) for step in range(100)]
    assert found[19] < found[20] == 1 == found[60]


def test_earlier_layers_learn_more_slowly(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(layer_lr_decay=0.5, lr=0.4), dataset)
    assert state.optimizer is not None
    rates = [group["lr"] for group in state.optimizer.param_groups]
    assert rates == pytest.approx([0.4 * 0.5**distance for distance in (4, 3, 2, 1, 0)])
    first = state.optimizer.param_groups[0]["params"]
    assert {id(parameter) for parameter in first} == {id(p) for p in state.model.stem.parameters()}
    results = list(train(state, dataset))
    assert results[0].lr == pytest.approx(0.4)  # type: ignore[union-attr]


def test_one_rate_for_all_is_one_group(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(), dataset)
    assert state.optimizer is not None
    assert len(state.optimizer.param_groups) == 1
