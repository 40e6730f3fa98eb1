"""Settings of tiny transfers, and the networks that they begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experiments.training.data import Dataset
from experiments.training.networks import TrainedNetwork, trained_network
from experiments.training.settings import TrainSettings
from experiments.training.transfer.settings import TransferSettings

Transfer = Callable[..., TransferSettings]


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the synthetic images are drawn once."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def transfer(data_dir: Path) -> Transfer:
    """transfer(lr=0.1) are settings of a tiny transfer from five classes to the other five."""

    def make(**changes: Any) -> TransferSettings:
        tiny: dict[str, Any] = {
            "depth": 8, "width": 4, "epochs": 1, "batch_size": 16, "lr": 0.1, "seed": 1, "device": "cpu",
            "precision": "fp32", "data_dir": str(data_dir), "subset": 60, "test_subset": 20,
            "source_subset": 60, "source_epochs": 2, "source_batch_size": 16,
        }  # fmt: skip
        return TransferSettings(**{**tiny, **changes})

    return make


def silent(*_: object) -> None:
    pass


def made(
    settings: TrainSettings, dataset: Dataset, folder: Path, lines: list[str] | None = None
) -> TrainedNetwork:
    tell = silent if lines is None else lines.append
    return trained_network(replace(settings, data_dir=str(folder)), dataset, "pretraining", tell)
