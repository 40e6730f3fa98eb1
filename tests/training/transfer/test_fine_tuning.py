"""A pretrained network is trained further on images that it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.training import checkpoint, loop
from experiments.training.data import Dataset
from experiments.training.norms import batchnorm_layers
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import TrainSettings
from experiments.training.state import TrainState
from experiments.training.transfer.start import load_source, load_target
from tests.training.transfer.conftest import Transfer, made, silent

MakeSettings = Callable[..., TrainSettings]


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Of a network that no training made: its statistics and its affine maps tell where they come from."""
    settings = TrainSettings(depth=8, width=4, seed=9, device="cpu")
    from experiments.training.models import build_model

    model = build_model(settings, 7)
    for layer in batchnorm_layers(model).values():
        for values in (layer.running_mean, layer.running_var, layer.weight.data, layer.bias.data):
            assert values is not None
            values.copy_(torch.rand(values.shape) + 0.5)
        layer.num_batches_tracked += 100  # type: ignore[operator]
    return model.state_dict()


def changed(state: TrainState, before: dict[str, torch.Tensor]) -> set[str]:
    """What moved in a fine-tuning, of all but the output layer and the counts of batches."""
    now = state.model.state_dict()
    names = [name for name in now if not name.startswith("output") and "tracked" not in name]
    kinds = {"running_mean": "statistics", "running_var": "statistics"}
    return {
        kinds.get(name.rpartition(".")[2], "affine" if "norm" in name else "weights")
        for name in names
        if not torch.equal(now[name], before[name])
    }


MODES: list[tuple[dict[str, Any], set[str]]] = [
    ({"trainable": "all", "batchnorm": "train"}, {"weights", "affine", "statistics"}),
    ({"trainable": "all", "batchnorm": "frozen"}, {"weights", "affine"}),
    ({"trainable": "all_but_batchnorm", "batchnorm": "frozen"}, {"weights"}),
    ({"trainable": "output", "batchnorm": "train"}, {"statistics"}),
    ({"trainable": "output", "batchnorm": "frozen", "calibration_batches": 2}, {"statistics"}),
    ({"trainable": "batchnorm+output", "batchnorm": "train"}, {"statistics", "affine"}),
    ({"trainable": "output", "batchnorm": "frozen"}, set()),
]


@pytest.mark.parametrize(("mode", "moves"), MODES)
def test_each_way_of_fine_tuning_moves_what_it_says_and_nothing_else(
    mode: dict[str, Any],
    moves: set[str],
    make_settings: MakeSettings,
    dataset: Dataset,
    weights: dict[str, torch.Tensor],
) -> None:
    state = loop.start(make_settings(epochs=1, **mode), dataset, weights)
    output = state.model.output.weight.clone()
    results = list(loop.train(state, dataset))

    assert changed(state, weights) == moves
    assert len(output) == len(dataset.classes)
    assert not torch.equal(state.model.output.weight, output)
    assert isinstance(results[-1], TestResult)


def test_a_mean_over_all_batches_begins_with_those_of_the_target(
    make_settings: MakeSettings, dataset: Dataset, weights: dict[str, torch.Tensor]
) -> None:
    layers = batchnorm_layers(loop.start(make_settings(), dataset, weights).model)
    assert {int(layer.num_batches_tracked) for layer in layers.values()} == {0}


def test_a_fine_tuning_is_the_same_whether_its_network_was_there_or_made(
    transfer: Transfer, tmp_path: Path
) -> None:
    settings = transfer()
    source = load_source(settings, silent)
    target = load_target(settings, source, silent)
    ends = []
    for _ in range(2):
        start = made(settings.pretraining, source, tmp_path)
        ends.append(list(loop.train(loop.start(settings, target, start.weights), target))[-1])
    assert ends[0] == ends[1]


def test_a_fine_tuning_goes_on_from_its_checkpoint_but_not_after_another_pretraining(
    transfer: Transfer, dataset: Dataset, weights: dict[str, torch.Tensor], tmp_path: Path
) -> None:
    state = loop.start(transfer(), dataset, weights)
    checkpoint.save(tmp_path / "state.pt", state)
    checkpoint.restore(tmp_path / "state.pt", state)
    other = loop.start(transfer(source_epochs=3), dataset, weights)
    with pytest.raises(checkpoint.CheckpointError, match="source_epochs is 2 there, 3 here"):
        checkpoint.restore(tmp_path / "state.pt", other)


def test_the_variance_of_the_loss_is_that_between_steps(
    make_settings: MakeSettings, dataset: Dataset
) -> None:
    results = list(loop.train(loop.start(make_settings(log_every=1, epochs=1), dataset), dataset))
    steps = [result.loss for result in results if type(result).__name__ == "StepResult"]
    [epoch] = [result for result in results if isinstance(result, EpochResult)]
    assert epoch.train_loss_variance == pytest.approx(np.var(steps, ddof=1))

    alone = list(loop.train(loop.start(make_settings(batch_size=64, epochs=1), dataset), dataset))
    assert [one.train_loss_variance for one in alone if isinstance(one, EpochResult)] == [None]
