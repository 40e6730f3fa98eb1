"""What a group of runs hears of the process that trains it."""

from __future__ import annotations

from dataclasses import replace
from multiprocessing import Pipe
from typing import Any

import pytest
import torch

from experiments.at_once import worker
from experiments.training.at_once import loop as at_once_loop
from experiments.training.at_once import pace
from experiments.training.results import EpochResult, TestResult
from experiments.training.settings import TrainSettings


def trained(
    runs: list[TrainSettings], *, must: bool, leaves: int | None = None
) -> list[list[tuple[str, Any]]]:
    """What each run hears of a worker in this process; one may leave before it hears anything."""
    ends = [Pipe() for _ in runs]
    if leaves is not None:
        ends[leaves][0].close()
    worker.train_group([(there, run) for (_, there), run in zip(ends, runs, strict=True)], None, must=must)
    heard: list[list[tuple[str, Any]]] = []
    for number, (here, there) in enumerate(ends):
        there.close()
        heard.append([])
        while number != leaves and here.poll():
            try:
                heard[-1].append(here.recv())
            except EOFError:
                break
    return heard


def kinds(heard: list[tuple[str, Any]]) -> list[str]:
    return [kind for kind, _ in heard if kind != "progress"]


def test_one_that_goes_away_harms_no_other(settings: TrainSettings) -> None:
    runs = [replace(settings, seed=seed) for seed in (1, 2, 3)]
    heard = trained(runs, must=True, leaves=1)
    for number in (0, 2):
        results = [content for kind, content in heard[number] if kind == "result"]
        assert kinds(heard[number])[:2] == ["taken", "facts"]
        assert kinds(heard[number])[-1] == "end"
        assert sum(isinstance(result, EpochResult) for result in results) == 2
        assert isinstance(results[-1], TestResult)


@pytest.mark.parametrize(("together", "first"), [(90.0, "alone"), (110.0, "taken")])
def test_runs_are_trained_at_once_where_that_was_measured_to_be_faster(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, together: float, first: str
) -> None:
    monkeypatch.setattr(pace, "pace", lambda runs, _data: 100.0 if len(runs) == 1 else together)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=False):
        assert kinds(heard)[0] == first


@pytest.mark.parametrize("most", [0, 1])
def test_runs_that_do_not_fit_into_the_card_together_train_by_themselves(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    def full(runs: list[TrainSettings], _data: object) -> float:
        if len(runs) > most:
            raise torch.OutOfMemoryError
        return 100.0

    monkeypatch.setattr(pace, "pace", full)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=False):
        kind, words = heard[-1]
        assert kind == "alone"
        assert "2 seeds at once do not fit" in words


def test_runs_that_must_be_trained_at_once_hear_that_the_card_has_no_room(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(at_once_loop, "train_at_once", full)
    for heard in trained([replace(settings, seed=seed, epochs=1) for seed in (1, 2)], must=True):
        words = "out of memory: the card has no room for 2 seeds at once; start fewer, or one"
        assert heard[-1] == ("refused", words)


def test_what_the_data_show_to_be_impossible_is_refused(settings: TrainSettings) -> None:
    for heard in trained([replace(settings, seed=seed, batch_size=500) for seed in (1, 2)], must=True):
        kind, words = heard[-1]
        assert kind == "refused"
        assert "batch_size=500 is more than the" in words
