"""What crosses the wire between a reader and a MongoDB: no more than is needed, and no less."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from tracker.stores.connection import database_at
from tracker.stores.mongo import MongoStore
from tracker.stores.recent import WHOLE_AGAIN, Recent

pytestmark = pytest.mark.mongo
NOON = datetime(2026, 1, 1, 12)
LONG = "x" * 1000


class Wire(CommandListener):
    """Everything that the server answers, and the commands that it was given."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.documents: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("find", "aggregate"):
            self.commands.append(event.command)

    def succeeded(self, event: CommandSucceededEvent) -> None:
        cursor = event.reply.get("cursor", {})
        self.documents += [*cursor.get("firstBatch", ()), *cursor.get("nextBatch", ())]

    def failed(self, event: CommandFailedEvent) -> None:
        pass


class Reader:
    """A store whose wire is watched and whose clock a test moves."""

    def __init__(self, address: str) -> None:
        self.wire, self.seconds = Wire(), 0.0
        self.store = MongoStore(address)
        self.store._database.client.close()
        self.store._database = database_at(address, event_listeners=[self.wire])
        self.store._recent = Recent(lambda: self.seconds)

    def look(self) -> tuple[list[str], dict[int | str, float]]:
        """The runs in words with their numbers; `documents` is then what came over the wire for it."""
        self.wire.documents.clear()
        runs = list(self.store.runs())
        return list(map(repr, runs)), self.store.values(runs, "loss", "last")


@pytest.fixture
def reader(mongo_address: str) -> Iterator[Reader]:
    made = Reader(mongo_address)
    yield made
    made.store._database.client.close()


@pytest.fixture
def database(mongo_address: str) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](mongo_address) as client:
        yield client[urlsplit(mongo_address).path.strip("/")]


def record(database: Any, id: int, status: str = "COMPLETED", loss: float = 0.5) -> None:
    """A run with all that its record may hold, and a metric of a hundred points."""
    ended = {"stop_time": NOON, "result": 1.0} if status == "COMPLETED" else {}
    experiment = {"name": "tiny", "sources": [["a.py", LONG]], "dependencies": [LONG], "base_dir": LONG}
    run = {
        "_id": id, "status": status, "config": {"lr": id}, "experiment": experiment, "captured_out": LONG,
        "heartbeat": NOON, "start_time": NOON, "host": {"hostname": "here", "ENV": {"TOKEN": LONG}},
        "artifacts": [{"name": LONG}], "resources": [[LONG, LONG]], "omniboard": {"notes": LONG}, **ended,
    }  # fmt: skip
    database.runs.replace_one({"_id": id}, run, upsert=True)
    points = {"steps": list(range(100)), "values": [9.0] * 99 + [loss], "timestamps": [NOON] * 100}
    database.metrics.replace_one(
        {"run_id": id}, {"_id": f"{id}/loss", "run_id": id, "name": "loss", **points}, upsert=True
    )


def test_nothing_that_is_large_comes_with_the_runs(reader: Reader, database: Any) -> None:
    record(database, 1)
    reader.look()
    assert LONG not in json.dumps(reader.wire.documents, default=str)


@pytest.mark.parametrize(("reduction", "values"), [("last", 1), ("max", 100)])
def test_a_number_costs_no_times_and_no_more_points_than_it_is_made_of(
    reader: Reader, database: Any, reduction: str, values: int
) -> None:
    record(database, 1)
    runs = list(reader.store.runs())
    reader.wire.documents.clear()
    assert reader.store.values(runs, "loss", reduction) == {1: 0.5 if reduction == "last" else 9.0}
    (part,) = reader.wire.documents
    assert "timestamps" not in part
    assert (len(part["values"]), len(part["steps"])) == (values, 1)


def test_all_runs_come_by_two_questions(reader: Reader, database: Any) -> None:
    for id in range(1, 21):
        record(database, id)
    reader.look()
    assert len(reader.wire.commands) == 2


def test_who_looks_again_is_told_only_what_is_new(reader: Reader, database: Any) -> None:
    for id in (1, 2, 3):
        record(database, id)
    record(database, 4, "RUNNING")
    first = reader.look()
    record(database, 5, loss=0.25)
    second = reader.look()
    whole = [document["_id"] for document in reader.wire.documents if "config" in document]
    parts = [document["run_id"] for document in reader.wire.documents if "values" in document]
    assert (sorted(whole), sorted(parts)) == ([4, 5], [4, 5])
    assert second[0][:4] == first[0]
    assert second[1] == {1: 0.5, 2: 0.5, 3: 0.5, 4: 0.5, 5: 0.25}


def test_a_run_that_stayed_the_same_stays_the_same_object(reader: Reader, database: Any) -> None:
    record(database, 1)
    record(database, 2)
    before = list(reader.store.runs())
    database.runs.update_one({"_id": 2}, {"$set": {"status": "FAILED"}})
    after = list(reader.store.runs())
    assert after[0] is before[0]
    assert after[1].status == "FAILED"
    reader.seconds += WHOLE_AGAIN + 1
    assert [again is run for again, run in zip(reader.store.runs(), after, strict=True)] == [True, True]


def test_an_ended_run_that_somebody_edits_is_seen_after_a_minute(reader: Reader, database: Any) -> None:
    record(database, 1)
    before = reader.look()
    database.runs.update_one({"_id": 1}, {"$set": {"config.lr": 0.7}})
    assert reader.look() == before
    reader.seconds += WHOLE_AGAIN + 1
    (run,) = reader.store.runs()
    assert run.config == {"lr": 0.7}


@pytest.mark.parametrize("seed", range(4))
def test_whatever_the_observers_write_a_reader_that_stays_tells_what_a_new_one_does(
    reader: Reader, database: Any, mongo_address: str, seed: int
) -> None:
    choice = random.Random(seed)
    for at in range(25):
        id = choice.randint(1, 6)
        beat = {"heartbeat": NOON + timedelta(seconds=at)}
        change = choice.choice(("begin", "go on", "end", "delete"))
        if change == "begin":
            record(database, id, "RUNNING", choice.random())
        elif change == "delete":
            database.runs.delete_one({"_id": id})
        else:
            ended = (
                {"status": "COMPLETED", "stop_time": NOON + timedelta(seconds=at)} if change == "end" else {}
            )
            database.metrics.update_one(
                {"run_id": id}, {"$set": {"values": [choice.random()], "steps": [at]}}
            )
            database.runs.update_one({"_id": id}, {"$set": {**beat, **ended, "info.at": at}})
        fresh = MongoStore(mongo_address)
        runs = list(fresh.runs())
        assert reader.look() == (list(map(repr, runs)), fresh.values(runs, "loss", "last"))
