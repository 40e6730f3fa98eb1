"""The trainer takes on the runs that can be trained together, and sends the others away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.connection import Client, Connection
from typing import Any

import pytest

from experiments.at_once.trainer import Trainer
from experiments.training.settings import TrainSettings
from tests.experiments.at_once.conftest import FAR

Knock = Callable[..., Connection]


@pytest.fixture
def knock() -> Iterator[Knock]:
    """knock(address, settings) is the connection of a run that says it is on that device."""
    made: list[Connection] = []

    def at(address: str, settings: TrainSettings, device: str = "cuda") -> Connection:
        made.append(Client(address, "AF_UNIX"))
        made[-1].send((settings.to_config(), device, None))
        return made[-1]

    yield at
    for connection in made:
        connection.close()


def hear(connection: Connection) -> tuple[str, Any]:
    assert connection.poll(FAR)
    told: tuple[str, Any] = connection.recv()
    return told


def test_on_a_cpu_the_runs_of_a_sweep_train_by_themselves(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, FAR, must=False).listening() as address:
        kind, words = hear(knock(address, settings, device="cpu"))
    assert kind == "alone"
    assert "on a CPU" in words


def test_a_run_that_stays_alone_trains_by_itself(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, 0.1, must=False).listening() as address:
        one, other = knock(address, settings), knock(address, replace(settings, lr=0.2))
        assert [hear(one)[0], hear(other)[0]] == ["alone", "alone"]


def test_the_same_seed_twice_is_no_group(settings: TrainSettings, knock: Knock) -> None:
    with Trainer(2, 0.5, must=False).listening() as address:
        assert [hear(knock(address, settings))[0] for _ in range(2)] == ["alone", "alone"]


@pytest.mark.parametrize(("must", "kind"), [(False, "alone"), (True, "refused")])
def test_what_cannot_be_trained_at_once_is_said(
    settings: TrainSettings, knock: Knock, must: bool, kind: str
) -> None:
    with Trainer(2, FAR, must=must).listening() as address:
        told, words = hear(knock(address, replace(settings, dropout=0.1)))
    assert told == kind
    assert "dropout=0.1 cannot be trained for several seeds at once" in words
