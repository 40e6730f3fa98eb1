"""What a run does with what it hears of its trainer."""

from __future__ import annotations

from multiprocessing import Pipe
from pathlib import Path
from types import SimpleNamespace

import pytest

from experiments.at_once import joining
from experiments.at_once.joining import VARIABLE, Taken, join
from experiments.training.settings import SettingsError, TrainSettings


def test_a_run_whose_trainer_is_gone_is_interrupted() -> None:
    here, there = Pipe()
    there.close()
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        list(Taken(here, said.append).results(SimpleNamespace(info={})))
    assert said == ["the trainer has ended before this run: see whether it says why, and start it again"]


def test_a_run_that_finds_nobody_at_the_address_trains_by_itself(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nobody"))
    said: list[str] = []
    assert join(settings, lambda *_: None, said.append) is None
    assert "there is no trainer" in said[0]


def test_a_trainer_that_ends_while_a_run_knocks_interrupts_the_run(
    settings: TrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = Pipe()
    there.close()
    monkeypatch.setenv(VARIABLE, "trainer")
    monkeypatch.setattr(joining, "Client", lambda *_: here)
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        join(settings, lambda *_: None, said.append)
    assert said == ["the trainer has ended before this run: see whether it says why, and start it again"]


def test_a_refusal_is_an_error_of_the_settings() -> None:
    here, there = Pipe()
    there.send(("refused", "no"))
    with pytest.raises(SettingsError, match="no"):
        list(Taken(here, print).results(SimpleNamespace(info={})))
