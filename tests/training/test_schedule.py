"""The learning rate is a known number at every step of a run."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, LRScheduler, MultiStepLR, SequentialLR

from experiments.training.schedule import lr_share, make_schedule
from experiments.training.settings import TrainSettings


def optimizer(lr: float = 0.1) -> SGD:
    return SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def rates(schedule: LRScheduler, steps: int) -> list[float]:
    """The learning rate of every step, with one more for what comes after the last."""
    found = []
    for _ in range(steps + 1):
        found.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return found


def ours(steps: int, **changes: object) -> list[float]:
    settings = TrainSettings(**changes)  # type: ignore[arg-type]
    return rates(make_schedule(optimizer(settings.scaled_lr), settings, steps), steps)


def test_the_papers_run_divides_the_rate_by_ten_at_80_and_120_of_160_epochs() -> None:
    steps = ours(160 * 7)
    epochs = steps[::7]
    assert epochs[:80] == [0.1] * 80
    assert epochs[80:120] == pytest.approx([0.01] * 40)
    assert epochs[120:160] == pytest.approx([0.001] * 40)
    assert steps[80 * 7 - 1] == 0.1
    assert steps[80 * 7] == pytest.approx(0.01)


def test_milestones_agree_with_torchs_own() -> None:
    theirs = rates(MultiStepLR(optimizer(), [20, 65, 90]), 100)
    assert ours(100, milestones=(0.2, 0.65, 0.9)) == pytest.approx(theirs)


def test_cosine_is_the_formula_with_pi_and_ends_at_zero_at_the_end_of_the_run() -> None:
    expected = [0.1 * (1 + math.cos(math.pi * step / 50)) / 2 for step in range(51)]
    assert ours(50, schedule="cosine") == pytest.approx(expected)
    assert expected[-1] == 0.0
    assert ours(50, schedule="cosine") == pytest.approx(rates(CosineAnnealingLR(optimizer(), 50), 50))


def test_a_constant_rate_stays() -> None:
    assert ours(10, schedule="constant") == [0.1] * 11


def test_a_warm_up_starts_at_a_hundredth_and_returns_to_the_base_rate_until_the_milestone() -> None:
    # a warm-up that writes the rate under a chained scheduler leaves the whole run at the warm-up's rate
    steps = ours(100, warmup=0.1)
    assert steps[0] == pytest.approx(0.001)
    assert steps[5] == pytest.approx(0.001 + (0.1 - 0.001) / 2)
    assert steps[10:50] == [0.1] * 40
    assert steps[50] == pytest.approx(0.01)


@pytest.mark.parametrize("shape", ["multistep", "cosine"])
def test_a_warm_up_agrees_with_torchs_schedulers_in_sequence(shape: str) -> None:
    one = optimizer()
    warm = LinearLR(one, start_factor=0.01, total_iters=20)
    after: dict[str, Callable[[], LRScheduler]] = {
        "multistep": lambda: MultiStepLR(one, [30, 55]),  # 50 and 75, counted from the end of the warm-up
        "cosine": lambda: CosineAnnealingLR(one, 80),
    }
    theirs = rates(SequentialLR(one, [warm, after[shape]()], [20]), 100)
    assert ours(100, warmup=0.2, schedule=shape) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("shape", ["multistep", "cosine", "constant"])
@pytest.mark.parametrize("stop", [1, 9, 10, 37])
def test_a_schedule_restored_at_any_step_goes_on_with_the_same_rates(shape: str, stop: int) -> None:
    settings = TrainSettings(schedule=shape, warmup=0.25)
    whole = rates(make_schedule(optimizer(), settings, 40), 40)
    first = make_schedule(optimizer(), settings, 40)
    rates(first, stop - 1)
    again = optimizer()
    second = make_schedule(again, settings, 40)
    again.load_state_dict(first.optimizer.state_dict())
    second.load_state_dict(first.state_dict())
    assert rates(second, 40 - stop) == whole[stop:]


def test_the_rate_follows_the_batch_size_by_the_rule() -> None:
    assert ours(4, batch_size=512, lr_rule="linear", schedule="constant")[0] == pytest.approx(0.4)
    assert ours(4, batch_size=512, lr_rule="sqrt", schedule="constant")[0] == pytest.approx(0.2)


@pytest.mark.parametrize("shape", ["multistep", "cosine", "constant"])
def test_a_run_of_one_step_has_a_rate(shape: str) -> None:
    assert lr_share(TrainSettings(schedule=shape, warmup=0.9), 1, 0) == pytest.approx(0.01)
    assert lr_share(TrainSettings(schedule=shape, milestones=()), 1, 0) == 1.0
