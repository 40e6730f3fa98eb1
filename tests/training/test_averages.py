"""Averages of weights and snapshots are what they are called after, and leave training as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from experiments.training import checkpoint
from experiments.training.data import Dataset
from experiments.training.loop import TrainState, start, train
from experiments.training.norms import batchnorm_layers
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import batches_of
from tests.training.conftest import numbers_of

MakeSettings = Callable[..., TrainSettings]


def weights(state: TrainState) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in state.model.named_parameters()}


def until_the_last_epoch(state: TrainState, dataset: Dataset) -> list[dict[str, Tensor]]:
    """The weights after every epoch, before what closes the run."""
    found = []
    for result in train(state, dataset):
        if isinstance(result, EpochResult):
            found.append(weights(state))
    return found


def test_swa_tests_the_mean_of_the_last_epochs(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(epochs=4, average="swa", average_from=0.5), dataset)
    epochs = until_the_last_epoch(state, dataset)
    for name, value in weights(state).items():
        torch.testing.assert_close(value, (epochs[2][name] + epochs[3][name]) / 2)


def test_an_average_has_statistics_of_its_own(make_settings: MakeSettings, dataset: Dataset) -> None:
    state = start(make_settings(epochs=2, average="ema", average_decay=0.5), dataset)
    list(train(state, dataset))
    conv, layer = state.model.get_submodule("stem.conv"), batchnorm_layers(state.model)["stem.norm"]
    training = batches_of(dataset, dataset.train, state.settings, state.device)
    outputs = conv(next(iter(training.in_order(1000)))[0])
    torch.testing.assert_close(layer.running_mean, outputs.mean(dim=(0, 2, 3)), atol=1e-5, rtol=0)


def test_an_average_leaves_training_as_it_is(make_settings: MakeSettings, dataset: Dataset) -> None:
    plain = until_the_last_epoch(start(make_settings(), dataset), dataset)
    averaged = until_the_last_epoch(start(make_settings(average="ema"), dataset), dataset)
    assert all(torch.equal(plain[-1][name], averaged[-1][name]) for name in plain[-1])


@pytest.mark.parametrize(
    "changes",
    [
        {"average": "ema", "average_decay": 0.9},
        {"average": "swa", "average_from": 0.0},
        {"schedule": "restarts", "cycles": 2, "snapshots": True},
    ],
)
def test_a_run_that_goes_on_ends_as_if_it_had_never_stopped(
    changes: dict[str, object], make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings(epochs=4, **changes)
    expected = list(train(start(settings, dataset), dataset))
    state = start(settings, dataset)
    for result in train(state, dataset):
        if isinstance(result, EpochResult) and result.epoch == 2:
            checkpoint.save(tmp_path / "half.pt", state)
            break
    again = start(settings, dataset)
    checkpoint.restore(tmp_path / "half.pt", again)
    assert list(train(again, dataset)) == expected[2:]


def test_snapshots_are_taken_where_cycles_end_and_answer_together(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    settings = make_settings(epochs=3, schedule="restarts", cycles=2, snapshots=True)
    state = start(settings, dataset)
    results = list(train(state, dataset))
    assert numbers_of(results)["ensemble.networks"] == len(state.snapshots) == 2
    test = batches_of(dataset, dataset.test, settings, state.device)
    ((images, labels),) = test.in_order(1000)
    probabilities = []
    for snapshot in state.snapshots:
        state.model.load_state_dict(snapshot)
        probabilities.append(state.model.eval()(images).softmax(dim=1))
    right = (torch.stack(probabilities).mean(dim=0).argmax(dim=1) == labels).double().mean()
    assert numbers_of(results)["ensemble.accuracy"] == pytest.approx(100 * right.item())


def test_one_snapshot_is_the_network_itself(make_settings: MakeSettings, dataset: Dataset) -> None:
    settings = make_settings(schedule="restarts", cycles=1, snapshots=True)
    results = list(train(start(settings, dataset), dataset))
    tested = results[-1]
    assert isinstance(tested, TestResult)
    numbers = numbers_of(results)
    assert numbers["ensemble.accuracy"] == tested.accuracy
    assert numbers["ensemble.loss"] == pytest.approx(tested.loss, rel=1e-5)


def test_snapshots_without_cycles_are_refused() -> None:
    with pytest.raises(SettingsError, match="snapshots=True needs schedule=restarts"):
        TrainSettings(snapshots=True)
