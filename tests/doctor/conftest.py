"""A store with one healthy run, of either kind, to be spoilt and examined."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from tracker.doctor import Examination, examine

NOON = datetime(2026, 1, 1, 12)  # naive, as Sacred and MongoDB have it
NOW = datetime(2026, 1, 2, tzinfo=UTC)
METRIC_ID = "65920080ffffffffffffffff"

RUN: dict[str, Any] = {
    "_id": 1,
    "experiment": {"name": "tiny", "sources": [], "dependencies": []},
    "command": "main",
    "host": {"hostname": "here"},
    "config": {"lr": 0.1, "seed": 1},
    "meta": {"options": {}},
    "status": "COMPLETED",
    "start_time": NOON,
    "heartbeat": NOON + timedelta(seconds=60),
    "stop_time": NOON + timedelta(seconds=60),
    "artifacts": [],
    "resources": [],
    "result": 0.5,
    "info": {"metrics": [{"name": "loss", "id": METRIC_ID}]},
}
TIMES = [NOON + timedelta(seconds=second) for second in (1, 2, 3)]
LOSS: dict[str, Any] = {
    "run_id": 1,
    "name": "loss",
    "steps": [1, 2, 3],
    "values": [3.0, 2.0, 1.0],
    "timestamps": TIMES,
}

Spoil = Callable[[dict[str, Any]], object]  # of a run, whose metrics are under `points`


class Patient(Protocol):
    """A store under test."""

    def keep(self, run: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
        """Puts a run into the store."""

    def record(self) -> dict[str, Any]:
        """The run's document at present, its metrics under `points`."""

    def examine(self, fix: bool = False) -> Examination:
        """What the doctor says."""


class FolderPatient:
    """Run 1 as stock Sacred's FileStorageObserver writes it."""

    def __init__(self, store: Path) -> None:
        self.store, self.folder = store, store / "1"

    def keep(self, run: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
        self.folder.mkdir(parents=True)
        run = {name: value for name, value in run.items() if name != "_id"}
        info = {name: value for name, value in run.pop("info", {}).items() if name != "metrics"}
        self._write("config", run.pop("config", {}))
        self._write("info", info)
        self._write("run", run)
        lists = ("steps", "values", "timestamps")
        self._write("metrics", {found["name"]: {name: found[name] for name in lists} for found in metrics})

    def record(self) -> dict[str, Any]:
        names = ("run", "config", "info", "metrics")
        run, config, info, metrics = (
            json.loads((self.folder / f"{name}.json").read_text()) for name in names
        )
        return {**run, "config": config, "info": info, "points": metrics}

    def examine(self, fix: bool = False) -> Examination:
        return examine(str(self.store), NOW, fix)

    def _write(self, name: str, content: Any) -> None:
        (self.folder / f"{name}.json").write_text(json.dumps(content, default=datetime.isoformat))


class DatabasePatient:
    """Run 1 as MongoObserver writes it."""

    def __init__(self, address: str, database: Any) -> None:
        self.address, self.database = address, database

    def keep(self, run: dict[str, Any], metrics: list[dict[str, Any]]) -> None:
        from bson import ObjectId

        self.database.runs.insert_one(run)
        for number, metric in enumerate(metrics):
            id = ObjectId(METRIC_ID) if number == 0 else ObjectId()
            self.database.metrics.insert_one({"_id": id, **metric})

    def record(self) -> dict[str, Any]:
        run: dict[str, Any] = self.database.runs.find_one({"_id": 1})
        return {**run, "points": {found["name"]: found for found in self.database.metrics.find({})}}

    def examine(self, fix: bool = False) -> Examination:
        return examine(self.address, NOW, fix)


@pytest.fixture
def folder(tmp_path: Path) -> FolderPatient:
    return FolderPatient(tmp_path / "runs")


@pytest.fixture
def database(mongo_address: str) -> Iterator[DatabasePatient]:
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](mongo_address) as client:
        yield DatabasePatient(mongo_address, client[urlsplit(mongo_address).path.strip("/")])


@pytest.fixture(params=["folder", pytest.param("database", marks=pytest.mark.mongo)])
def patient(request: pytest.FixtureRequest) -> Patient:
    found: Patient = request.getfixturevalue(request.param)
    return found


def keep(patient: Patient, spoil: Spoil | None = None) -> None:
    """Puts the healthy run into the store, after it was spoilt."""
    run = copy.deepcopy({**RUN, "points": [LOSS]})
    if spoil is not None:
        spoil(run)
    patient.keep(run, run.pop("points"))


def lines(patient: Patient, fix: bool = False) -> list[str]:
    """What the doctor says, line by line."""
    return [finding.line for finding in patient.examine(fix).findings]
