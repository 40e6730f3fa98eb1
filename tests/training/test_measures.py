"""What a run measures beside its skill says what is there, and changes nothing."""

from __future__ import annotations

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from experiments.training import checkpoint
from experiments.training.data import Dataset
from experiments.training.loop import start, train
from experiments.training.measures.table import MEASURES
from experiments.training.results import EpochResult, Measured, Picture, Result, Table
from experiments.training.settings import SettingsError, TrainSettings
from tests.training.conftest import numbers_of

MakeSettings = Callable[..., TrainSettings]
EVERYTHING = "+".join(MEASURES)


def run_of(settings: TrainSettings, dataset: Dataset) -> list[Result]:
    return list(train(start(settings, dataset), dataset))


def is_plain(result: Result, measured: set[str]) -> bool:
    return not (
        (isinstance(result, Measured) and result.numbers.keys() <= measured)
        or (isinstance(result, Table) and result.name != "batchnorm")
        or isinstance(result, Picture)
    )


@pytest.mark.parametrize("given", [{"dropout": 0.2}, {"norm": "weight_norm"}, {"trainable": "none"}])
def test_a_run_ends_bitwise_as_it_would_without_being_measured(
    given: dict[str, object], make_settings: MakeSettings, dataset: Dataset
) -> None:
    alone, measured = (
        start(make_settings(measure=measure, **given), dataset) for measure in ("none", EVERYTHING)
    )
    torch.manual_seed(1)
    plain = list(train(alone, dataset))
    drawn = torch.get_rng_state()
    torch.manual_seed(1)
    results = list(train(measured, dataset))
    assert torch.equal(torch.get_rng_state(), drawn)
    names = set(numbers_of(results)) - set(numbers_of(plain))
    assert names
    assert [result for result in results if is_plain(result, names)] == plain
    expected = alone.model.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in measured.model.state_dict().items())


def test_what_is_measured_goes_on_where_it_was_interrupted(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings(measure=EVERYTHING, epochs=3)
    whole, later = run_of(settings, dataset), []
    state = start(settings, dataset)
    for result in train(state, dataset):
        if isinstance(result, EpochResult):
            checkpoint.save(tmp_path / "state.pt", state)
            break
    resumed = start(settings, dataset)
    checkpoint.restore(tmp_path / "state.pt", resumed)
    later = list(train(resumed, dataset))
    assert later == whole[-len(later) :]


def test_a_misspelt_measure_is_told_what_was_meant() -> None:
    with pytest.raises(SettingsError, match=r"measure='prob'.*did you mean 'probe'"):
        TrainSettings(measure="prob")
    with pytest.raises(SettingsError, match="twice"):
        TrainSettings(measure="probe+probe")


def test_a_probe_without_validation_images_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"use validation=0\.1"):
        TrainSettings(measure="probe", validation=0)


def test_nothing_is_measured_unless_asked(make_settings: MakeSettings, dataset: Dataset) -> None:
    results = run_of(make_settings(), dataset)
    assert all(name.startswith("removal.") for name in numbers_of(results))


def test_a_training_starts_without_what_only_measures_need() -> None:
    program = "import sys, experiments.training.loop; print('scipy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"


def test_the_test_images_change_no_measure(
    make_settings: MakeSettings, make_dataset: Callable[..., Dataset]
) -> None:
    settings = make_settings(measure="probe")
    one, other = (numbers_of(run_of(settings, make_dataset(test=count))) for count in (8, 24))
    assert one == other


def test_a_state_of_before_there_were_measures_is_gone_on_with(
    make_settings: MakeSettings, dataset: Dataset, tmp_path: Path
) -> None:
    settings = make_settings()
    checkpoint.save(tmp_path / "state.pt", start(settings, dataset))
    contents = torch.load(tmp_path / "state.pt", weights_only=True)
    old = copy.deepcopy(contents)
    del old["memory"], old["settings"]["measure"]
    torch.save(old, tmp_path / "old.pt")
    state = start(settings, dataset)
    checkpoint.restore(tmp_path / "old.pt", state)
    assert state.memory == {}
