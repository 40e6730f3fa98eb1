"""Several seeds in one wide network learn what each of them learns alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pytest
import torch

from experiments.training.at_once import loop as at_once_loop
from experiments.training.at_once.checks import check_alone, check_together
from experiments.training.at_once.loop import train_at_once
from experiments.training.at_once.team import Team
from experiments.training.at_once.wide import widened
from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.results import Diverged, EpochResult, Result, TestResult
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import TrainState

MakeSettings = Callable[..., TrainSettings]
SEEDS = (1, 2, 3)
CLOSE = 1e-4  # of a weight or a loss after eight steps in fp32: sums are made in another order


def at_the_same_time(
    runs: Sequence[TrainSettings], dataset: Dataset
) -> tuple[list[TrainState], list[list[Result]]]:
    states = [start(settings, dataset) for settings in runs]
    results: list[list[Result]] = [[] for _ in runs]
    for number, result in train_at_once(states, dataset):
        results[number].append(result)
    return states, results


def assert_same_network(one: TrainState, other: TrainState) -> None:
    theirs = other.model.state_dict()
    for name, value in one.model.state_dict().items():
        torch.testing.assert_close(value, theirs[name], rtol=CLOSE, atol=CLOSE, msg=name)


def numbers_of(result: Result) -> dict[str, Any]:
    """Those of an epoch or of the test; what else is told rests on the weights, which are compared."""
    told = asdict(result) if isinstance(result, EpochResult | TestResult) else {}
    return {name: value for name, value in told.items() if value is not None}


def assert_same_run(one: TrainState, its: Sequence[Result], dataset: Dataset) -> None:
    alone = start(one.settings, dataset)
    results = list(train(alone, dataset))
    assert [type(result) for result in its] == [type(result) for result in results]
    for mine, theirs in zip(its, results, strict=True):
        assert numbers_of(mine) == pytest.approx(numbers_of(theirs), rel=1e-3, abs=1e-3)
    assert_same_network(one, alone)


@pytest.mark.parametrize(
    "changes",
    [
        {"trainable": "all"},
        {"trainable": "batchnorm", "batchnorm_init": "uniform"},
        {"trainable": "all_but_batchnorm", "batchnorm": "frozen", "calibration_batches": 2},
        {"trainable": "output", "shortcut": "A", "batchnorm_average": "cumulative"},
        {"trainable": "batchnorm+output", "nesterov": True, "layer_lr_decay": 0.7, "average": "ema"},
        {"optimizer": "adamw", "lr": 0.01, "norm": "group", "norm_place": "preactivation"},
        {
            "network": "vgg",
            "shortcut": "none",
            "micro_batch_size": 8,
            "log_every": 2,
            "test_statistics": "batch",
        },
    ],
    ids=lambda changes: "-".join(map(str, changes.values())),
)
def test_each_seed_becomes_the_network_that_it_becomes_alone(
    make_settings: MakeSettings, dataset: Dataset, changes: dict[str, Any]
) -> None:
    states, results = at_the_same_time([make_settings(seed=seed, **changes) for seed in SEEDS], dataset)
    for state, its in zip(states, results, strict=True):
        assert_same_run(state, its, dataset)


def test_seeds_differ_in_their_weights_and_in_the_order_of_their_images(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    states, results = at_the_same_time([make_settings(seed=seed, epochs=1) for seed in SEEDS], dataset)
    losses = {result.train_loss for its in results for result in its if isinstance(result, EpochResult)}
    assert len(losses) == len(SEEDS)
    weights = [state.model.get_parameter("stem.conv.weight") for state in states]
    assert not torch.equal(weights[0], weights[1])


# ---------------------------------------------------------------------------------------------------
# One that diverges


@pytest.fixture
def spoilt_at_step_six(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second network gets a weight that is no number, in the second epoch."""
    begin = Team.begin_step

    def begin_step(team: Team) -> None:
        begin(team)
        if team.states[1].step == 6:
            with torch.no_grad():
                team.states[1].model.get_parameter("stages.1.0.conv2.weight").fill_(float("nan"))

    monkeypatch.setattr(Team, "begin_step", begin_step)


@pytest.mark.usefixtures("spoilt_at_step_six")
@pytest.mark.parametrize(("looks", "layer"), [(True, "stages.1.0.conv2"), (False, "")])
def test_one_that_diverges_is_told_and_harms_no_other(
    make_settings: MakeSettings,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    looks: bool,
    layer: str,
) -> None:
    monkeypatch.setattr(at_once_loop, "looks_at_each_step", lambda _state: looks)
    states, results = at_the_same_time([make_settings(seed=seed, epochs=3) for seed in SEEDS], dataset)
    assert [type(result) for result in results[1]] == [EpochResult, Diverged]
    assert results[1][-1] == Diverged(step=6, epoch=2, layer=layer)
    for number in (0, 2):
        assert_same_run(states[number], results[number], dataset)


def test_all_may_diverge(make_settings: MakeSettings, dataset: Dataset) -> None:
    runs = [make_settings(seed=seed, lr=1e30, norm="none") for seed in SEEDS]
    _, results = at_the_same_time(runs, dataset)
    assert [[type(result) for result in its] for its in results] == [[Diverged]] * 3


# ---------------------------------------------------------------------------------------------------
# What is refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"norm": "ghost", "ghost_size": 8}, "norm='ghost' cannot be trained for several seeds at once"),
        ({"norm": "weight_norm"}, "norm='weight_norm' cannot be trained for several seeds at once"),
        ({"measure": "probe"}, "measure='probe' cannot be trained for several seeds at once"),
        ({"dropout": 0.1}, "takes dropout=0.0; train the seeds one after the other"),
        ({"shortcut": "scaled"}, "takes shortcut='A', 'B', 'none'"),
    ],
)
def test_what_a_wide_network_cannot_do_is_refused(
    make_settings: MakeSettings, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        check_alone(make_settings(**changes))


def test_runs_of_two_settings_are_refused(make_settings: MakeSettings) -> None:
    with pytest.raises(SettingsError, match=r"lr is 0\.1 with seed=1 and 0\.2 with seed=2"):
        check_together([make_settings(seed=1), make_settings(seed=2, lr=0.2)])


def test_a_seed_that_is_given_twice_is_refused(make_settings: MakeSettings) -> None:
    with pytest.raises(SettingsError, match="seed=1 is given twice"):
        check_together([make_settings(seed=1), make_settings(seed=1)])


def test_a_layer_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SettingsError, match="a PReLU layer cannot be part of several networks at once"):
        widened(torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.PReLU()), 2)
