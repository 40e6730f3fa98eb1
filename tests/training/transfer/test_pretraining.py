"""A network is pretrained once, for everybody who wants the same."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from experiments.training import networks
from experiments.training.data import DataError, Dataset, ImageSet
from experiments.training.networks import TrainedNetwork, trained_network
from experiments.training.settings import SettingsError, TrainSettings
from experiments.training.transfer.start import begin, load_source
from tests.training.transfer.conftest import Transfer, made, silent

MakeSettings = Callable[..., TrainSettings]


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
