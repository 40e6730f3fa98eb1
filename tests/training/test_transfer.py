"""A network is pretrained once, and trained further on images that it has not seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.training import checkpoint, loop, networks
from experiments.training.data import DataError, Dataset, ImageSet, load_dataset
from experiments.training.networks import TrainedNetwork, trained_network
from experiments.training.norms import batchnorm_layers
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.state import TrainState
from experiments.training.transfer.settings import TransferSettings
from experiments.training.transfer.start import begin, load_source, load_target

MakeSettings = Callable[..., TrainSettings]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the synthetic images are drawn once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def transfer(data_dir: Path) -> Callable[..., TransferSettings]:
    """transfer(lr=0.1) are settings of a tiny transfer from five classes to the other five."""

    def make(**changes: Any) -> TransferSettings:
        tiny: dict[str, Any] = {
            "depth": 8, "width": 4, "epochs": 1, "batch_size": 16, "lr": 0.1, "seed": 1, "device": "cpu",
            "precision": "fp32", "data_dir": str(data_dir), "subset": 60, "test_subset": 20,
            "source_subset": 60, "source_epochs": 2, "source_batch_size": 16,
        }  # fmt: skip
        return TransferSettings(**{**tiny, **changes})

    return make


Transfer = Callable[..., TransferSettings]


def silent(*_: object) -> None:
    pass


def made(
    settings: TrainSettings, dataset: Dataset, folder: Path, lines: list[str] | None = None
) -> TrainedNetwork:
    tell = silent if lines is None else lines.append
    return trained_network(replace(settings, data_dir=str(folder)), dataset, "pretraining", tell)


# ---------------------------------------------------------------------------------------------------
# The images


def test_source_and_target_share_no_class_and_each_counts_from_zero(transfer: Transfer) -> None:
    source = load_source(transfer(), silent)
    target = load_target(transfer(), source, silent)

    assert not set(source.classes) & set(target.classes)
    assert len(source.classes) == len(target.classes) == 5
    for images in (source.train, source.test, target.train, target.validation, target.test):
        assert set(images.labels) == set(range(5))


def test_parts_with_the_same_rows_of_other_classes_have_split_hashes_of_their_own(transfer: Transfer) -> None:
    settings = replace(transfer().pretraining, subset=0, validation=0.0)
    parts = [load_dataset(settings, classes=classes) for classes in (slice(5), slice(5, None), slice(None))]
    assert len(parts[0].train.labels) == len(parts[1].train.labels)
    assert len({part.split_hash for part in parts}) == 3


def test_a_target_has_the_images_that_the_whole_data_have_under_its_classes(transfer: Transfer) -> None:
    whole = load_dataset(TrainSettings(data_dir=transfer().data_dir, validation=0))
    settings = transfer(source_classes=3, subset=0, test_subset=0, validation=0)
    target = load_target(settings, load_source(settings, silent), silent)

    assert target.classes == whole.classes[3:]
    assert np.array_equal(target.train.images, whole.train.images[whole.train.labels >= 3])
    assert np.array_equal(target.test.labels, whole.test.labels[whole.test.labels >= 3] - 3)


def test_a_target_is_normalised_as_its_source(transfer: Transfer) -> None:
    settings = transfer(target_corruption="darker", target_severity=5)
    source = load_source(settings, silent)
    target = load_target(settings, source, silent)

    assert (target.mean, target.std) == (source.mean, source.std)
    assert target.train.images.mean() < 255 * source.mean[0] / 2


def test_every_set_of_a_target_is_corrupted_with_noise_of_its_own(transfer: Transfer) -> None:
    source = load_source(transfer(), silent)
    clean = load_target(transfer(), source, silent)
    noisy = load_target(transfer(target_corruption="noise"), source, silent)

    noises = [
        np.subtract(getattr(noisy, part).images[:6], getattr(clean, part).images[:6], dtype=float)
        for part in ("train", "validation", "test")
    ]
    assert all(10 < noise.std() < 25 for noise in noises)
    assert abs(np.corrcoef([noise.ravel() for noise in noises]) - np.eye(3)).max() < 0.05
    assert noisy.mean == clean.mean


def test_too_few_and_too_many_classes_are_refused_where_they_are_counted(transfer: Transfer) -> None:
    with pytest.raises(DataError, match="source_classes leaves 1 of the 10 classes of synthetic"):
        load_target(transfer(source_classes=9), load_source(transfer(source_classes=9), silent), silent)
    with pytest.raises(DataError, match="source_classes=11 is more than the 10 classes of synthetic"):
        load_source(transfer(source_classes=11), silent)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source_classes": 1}, "source_classes=1 must be at least 2, or 0"),
        ({"source_lr": -1.0}, "source_lr=-1.0 must be a finite number above 0"),
        ({"source_epochs": 0}, "source_epochs=0 must be at least 1"),
        ({"source": ""}, "source='' must be same"),
        ({"source_classes": 0, "subset": 50}, "source_subset=60 must be subset=50"),
        ({"target_corruption": "dark"}, "did you mean 'darker'"),
        ({"target_severity": 6}, "target_severity=6 must be from 1 to 5"),
        ({"target_corruption": "blur", "test_corruption": "blur"}, "changes the test images already"),
        ({"norm": "ghost", "ghost_size": 12}, "ghost_size=12 must divide"),
    ],
)
def test_what_cannot_be_transferred_is_refused_by_name(
    changes: dict[str, Any], words: str, transfer: Transfer
) -> None:
    with pytest.raises(SettingsError) as refused:
        transfer(**changes)
    assert words in str(refused.value)


# ---------------------------------------------------------------------------------------------------
# The pretrained network


def test_fine_tunings_that_differ_share_one_pretraining(transfer: Transfer, tmp_path: Path) -> None:
    source, lines = load_source(transfer(), silent), list[str]()
    first = made(transfer().pretraining, source, tmp_path, lines)
    trained = len(lines)
    settings = transfer(
        batch_size=4, lr=0.01, trainable="output", batchnorm="frozen", target_corruption="blur"
    )
    again = made(settings.pretraining, source, tmp_path, lines)

    assert (first.cached, again.cached) == (False, True)
    assert (len(lines), trained) == (2, 2)
    assert first.facts == {**again.facts, "cached": False}
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert json.loads(json.dumps(first.facts)) == first.facts
    assert 0 <= first.facts["validation_accuracy"] <= 100
    assert [path.suffix for path in (tmp_path / "networks").iterdir() if path.suffix != ".lock"] == [".pt"]


def test_whatever_makes_the_network_another_one_has_a_hash_of_its_own(transfer: Transfer) -> None:
    source = load_source(transfer(), silent)
    settings = transfer().pretraining
    hashes = {
        json.dumps(networks._made_of(one, dataset), sort_keys=True)
        for one, dataset in [
            (settings, source),
            (replace(settings, seed=2), source),
            (replace(settings, epochs=3), source),
            (replace(settings, precision="bf16"), source),
            (settings, replace(source, mean=(0.1, 0.1, 0.1))),
            (settings, replace(source, split_hash="another")),
        ]
    }
    assert len(hashes) == 6


def test_a_damaged_network_is_made_again(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    first = made(make_settings(epochs=1), dataset, tmp_path)
    [place] = (tmp_path / "networks").glob("*.pt")
    place.write_bytes(place.read_bytes()[:-100])

    again = made(make_settings(epochs=1), dataset, tmp_path)

    assert not again.cached
    assert all(torch.equal(first.weights[name], again.weights[name]) for name in first.weights)
    assert made(make_settings(epochs=1), dataset, tmp_path).cached


def test_an_interrupted_pretraining_goes_on_to_the_same_network(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(line: str) -> None:
        if "epoch 2/3" in line:
            raise StoppedError

    settings, lines = make_settings(epochs=3), list[str]()
    whole = made(settings, dataset, tmp_path / "whole")
    with pytest.raises(StoppedError):
        trained_network(replace(settings, data_dir=str(tmp_path)), dataset, "pretraining", stop)
    gone_on = made(settings, dataset, tmp_path, lines)

    assert [line.split(":")[0] for line in lines] == ["pretraining, epoch 2/3", "pretraining, epoch 3/3"]
    assert all(torch.equal(whole.weights[name], gone_on.weights[name]) for name in whole.weights)


def test_of_two_that_want_the_same_network_one_waits_and_both_have_it(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings, waiting, second = make_settings(epochs=1), threading.Event(), list[TrainedNetwork]()

    def tell_second(line: str) -> None:
        assert "waiting for it" in line
        waiting.set()

    def tell_first(line: str) -> None:
        other.start()
        assert waiting.wait(60)

    own = replace(settings, data_dir=str(tmp_path))
    other = threading.Thread(
        target=lambda: second.append(trained_network(own, dataset, "second", tell_second))
    )
    first = trained_network(own, dataset, "first", tell_first)
    other.join(60)

    assert (first.cached, second[0].cached, second[0].hash) == (False, True, first.hash)


def test_a_pretraining_that_diverges_or_cannot_be_kept_says_what_to_do(
    make_settings: MakeSettings, transfer: Transfer, dataset: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError, match=r"diverged at step \d+: try a source_lr below 1e\+30"):
        begin(transfer(source_lr=1e30), silent, silent)
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="set data_dir to a folder with room"):
        made(make_settings(), dataset, tmp_path / "file")


def test_the_test_images_of_the_source_are_never_looked_at(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    nothing = ImageSet(dataset.test.images[:0], dataset.test.labels[:0])  # a mean over which is no number
    assert made(make_settings(epochs=1), replace(dataset, test=nothing), tmp_path).facts["train_images"] == 64


# ---------------------------------------------------------------------------------------------------
# The fine-tuning


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
