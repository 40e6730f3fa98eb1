"""Several networks answer as one, and it is known how sure they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.training import evaluate as looking
from experiments.training.calibration import calibration_error
from experiments.training.data import Dataset
from experiments.training.ensemble import answers_of
from experiments.training.folding import Folded, folded
from experiments.training.loop import start
from experiments.training.networks import TrainedNetwork
from experiments.training.results import Diverged, Measured, TestResult
from experiments.training.settings import SettingsError
from experiments.training.state import batches_of
from experiments.training.together.members import scored, train_members, validated
from experiments.training.together.settings import EnsembleSettings, member_seed

Make = Callable[..., EnsembleSettings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make(members=3) are settings of tiny members."""

    def settings(**changes: Any) -> EnsembleSettings:
        tiny = {"depth": 8, "width": 4, "epochs": 1, "batch_size": 16, "lr": 0.1, "seed": 1, "members": 3}
        computing = {"device": "cpu", "precision": "fp32", "data_dir": str(tmp_path)}
        return EnsembleSettings(**{**tiny, **computing, **changes})

    return settings


def silent(_line: str) -> None:
    pass


def networks(settings: EnsembleSettings, dataset: Dataset) -> list[TrainedNetwork]:
    trained = list(train_members(settings, dataset, silent))
    return [one for one in trained if isinstance(one, TrainedNetwork)]


def test_members_are_shared_by_runs_of_the_same_seed_alone(make: Make, dataset: Dataset) -> None:
    three = networks(make(members=3), dataset)
    two = networks(make(members=2), dataset)
    other = networks(make(members=1, seed=2), dataset)

    assert [member.cached for member in (*three, *two, *other)] == [False] * 3 + [True] * 2 + [False]
    assert [member.hash for member in two] == [member.hash for member in three][:2]
    assert len({member.hash for member in (*three, *other)}) == 4
    assert len({member_seed(seed, number) for seed in range(100) for number in range(1, 11)}) == 1000


def test_the_first_so_many_answer_with_their_mean_probability(make: Make, dataset: Dataset) -> None:
    settings = make()
    members, state = networks(settings, dataset), start(settings.member(1), dataset)
    *measured, last = scored(state, dataset, members)
    numbers = [one.numbers for one in measured if isinstance(one, Measured)]

    ((images, labels),) = batches_of(dataset, dataset.test, settings, state.device).in_order(1000)
    probabilities = []
    for member in members:
        state.model.load_state_dict(member.weights)
        probabilities.append(state.model.eval()(images).softmax(dim=1))
    for count in (1, 2, 3):
        mean = torch.stack(probabilities[:count]).mean(dim=0)
        right = 100 * (mean.argmax(dim=1) == labels).double().mean().item()
        assert numbers[count - 1]["ensemble.accuracy"] == pytest.approx(right)
        assert numbers[count - 1]["ensemble.loss"] == pytest.approx(
            -mean[range(len(labels)), labels].log().mean().item(), rel=1e-4
        )
    assert numbers[0]["ensemble.accuracy"] == numbers[0]["member.accuracy"]
    assert numbers[0]["ensemble.gain"] == 0
    alone = sum(one["member.accuracy"] for one in numbers) / 3
    assert numbers[2]["ensemble.gain"] == pytest.approx(numbers[2]["ensemble.accuracy"] - alone)
    assert isinstance(last, TestResult)
    assert (last.accuracy, last.step) == (numbers[2]["ensemble.accuracy"], 3)


def test_members_answer_the_same_folded_or_not(
    make: Make, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make(members=2)
    members, used = networks(settings, dataset), []
    forward = Folded.forward
    monkeypatch.setattr(Folded, "forward", lambda self, *images: used.append(self) or forward(self, *images))

    def numbers(fold: bool) -> list[float]:
        state = start(replace(settings.member(1), fold_batchnorm=fold), dataset)
        before = {name: value.clone() for name, value in state.model.state_dict().items()}
        *measured, _last = scored(state, dataset, members)
        assert all(torch.equal(before[name], value) for name, value in state.model.state_dict().items())
        return [number for one in measured if isinstance(one, Measured) for number in one.numbers.values()]

    plain = numbers(fold=False)
    assert not used
    assert numbers(fold=True) == pytest.approx(plain, rel=1e-4)
    assert used


@pytest.mark.parametrize("noticed", ["on a few images", "in the answers alone"])
def test_members_whose_folded_numbers_overflow_alone_are_asked_plainly(
    make: Make, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, noticed: str
) -> None:
    settings = make(members=1)
    state, [member] = start(settings.member(1), dataset), networks(settings, dataset)
    test = batches_of(dataset, dataset.test, settings, state.device)

    def overflowing(model: nn.Module, precision: str) -> nn.Module:
        fast = folded(model, precision)
        last = [layer for layer in fast.modules() if isinstance(layer, Folded)][-1]
        last._bias = torch.full_like(last._bias, torch.inf)  # type: ignore[arg-type]
        return fast

    monkeypatch.setattr(looking, "folded", overflowing)
    if noticed == "in the answers alone":
        monkeypatch.setattr(looking, "stays_finite", lambda *_: True)
    plain, fast = (
        answers_of(state.model, member.weights, test, 30, "fp32", fold=fold) for fold in (False, True)
    )
    assert torch.equal(fast, plain)


def test_validation_is_told_where_there_is_some(make: Make, make_dataset: Callable[..., Dataset]) -> None:
    [member] = networks(make(members=1), make_dataset())
    assert set(validated(1, member).numbers) == {"validation.loss", "validation.accuracy"}
    [member] = networks(make(members=1), make_dataset(validation=0, split_hash="another"))
    assert validated(1, member).numbers == {}


def test_a_member_that_diverges_ends_it(make: Make, dataset: Dataset) -> None:
    [only] = train_members(make(lr=1e30), dataset, silent)
    assert isinstance(only, Diverged)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"members": 0}, "members=0 must be at least 1"),
        ({"average": "ema"}, "average='ema' is for the testing of one network"),
        ({"test_views": "flip"}, "leave test_views='one'"),
    ],
)
def test_what_members_cannot_be_is_refused(changes: dict[str, Any], words: str, make: Make) -> None:
    with pytest.raises(SettingsError, match=words):
        make(**changes)


def sure(confidence: float, count: int) -> torch.Tensor:
    """The answer 0, this sure of it, for so many images."""
    return torch.tensor([[confidence, 1 - confidence]]).log().repeat(count, 1)


def test_who_is_right_as_often_as_sure_has_no_calibration_error() -> None:
    labels = torch.tensor([0, 0, 0, 1])
    assert calibration_error(sure(0.75, 4), labels) == pytest.approx(0, abs=1e-4)


def test_the_calibration_error_is_how_much_too_sure_one_is() -> None:
    half_right = torch.tensor([0, 1] * 5)
    assert calibration_error(sure(0.9, 10), half_right) == pytest.approx(40, abs=1e-4)
    assert calibration_error(sure(1.0, 10), half_right) == pytest.approx(50, abs=1e-4)


def test_too_sure_here_does_not_make_up_for_too_unsure_there() -> None:
    answers = torch.cat([sure(0.9, 10), sure(0.6, 10)])
    labels = torch.tensor([0] * 6 + [1] * 4 + [0] * 9 + [1])
    assert calibration_error(answers, labels) == pytest.approx(30, abs=1e-4)
