"""What only a server can do: be away, refuse, hold old documents, know a password."""

from __future__ import annotations

import logging
import math
import re
import socketserver
import struct
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from tracker.errors import StoreError
from tracker.run import Run
from tracker.stores import open_store
from tracker.stores.mongo import MongoStore

STEP_TIME = datetime(2026, 1, 1, 12)


@pytest.fixture
def database(mongo_address: str) -> Iterator[Any]:
    """The database of `mongo_address`, to write documents into."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](mongo_address) as client:
        yield client[urlsplit(mongo_address).path.strip("/")]


@pytest.fixture
def store(mongo_address: str) -> MongoStore:
    return MongoStore(mongo_address)


@pytest.mark.mongo
def test_a_metric_in_several_documents_is_joined_by_their_steps(database: Any, store: MongoStore) -> None:
    database.runs.insert_one({"_id": 1, "status": "RUNNING"})
    for first in (20, 0, 10):
        points = {"steps": [first, first + 1], "values": [first + 0.5, first + 1.5]}
        database.metrics.insert_one({"run_id": 1, "name": "loss", **points})
    database.metrics.insert_one({"run_id": 1, "name": "loss", "steps": [], "values": []})
    run = store.run(1)
    assert store.series(run, "loss").steps == (0, 1, 10, 11, 20, 21)
    assert store.series(run, "loss").values == (0.5, 1.5, 10.5, 11.5, 20.5, 21.5)
    assert store.metrics(run) == ("loss",)
    numbers = [store.values([run], "loss", name) for name in ("last", "max", "min", "mean")]
    assert numbers == [{1: 21.5}, {1: 21.5}, {1: 0.5}, {1: 11.0}]


@pytest.mark.mongo
def test_one_strange_document_spoils_no_other(database: Any, store: MongoStore) -> None:
    database.runs.insert_many(
        [
            {"_id": 1, "status": "COMPLETED", "config": {"lr": 0.1}, "start_time": STEP_TIME},
            {"_id": 2, "status": "RUNNING", "config": None, "host": None, "heartbeat": "now", "info": [1]},
            {"_id": 3},
        ]
    )
    first, second, third = store.runs()
    assert (first.fault, first.started) == ("", STEP_TIME.replace(tzinfo=UTC))
    assert second.fault == "heartbeat is not a time; info is not a mapping"
    assert (third.fault, third.state(datetime.now(UTC))) == ("status is missing", "failed")


@pytest.mark.mongo
def test_a_number_that_was_stored_as_text_is_found_as_an_id(database: Any, store: MongoStore) -> None:
    database.runs.insert_one({"_id": "7", "status": "COMPLETED"})
    assert [run.id for run in store.runs()] == ["7"]
    assert store.run(7).id == "7"


@pytest.mark.mongo
def test_output_and_environment_are_left_on_the_server(database: Any, store: MongoStore) -> None:
    host = {"hostname": "here", "ENV": {"TOKEN": "secret"}}
    database.runs.insert_one({"_id": 1, "status": "FAILED", "captured_out": "x" * 1000, "host": host})
    run = store.run(1)
    assert run.host == {"hostname": "here"}
    assert "secret" not in repr(run)


def test_an_address_without_a_database_is_refused_with_an_example() -> None:
    with pytest.raises(StoreError, match=r"names no database: .*mongodb://localhost:27017/sacred"):
        open_store("mongodb://localhost:27017")


@pytest.mark.parametrize("option", ["tls=maybe", "tlss=true"])
def test_an_option_that_is_misspelt_is_refused_and_not_passed_over(option: str) -> None:
    with pytest.raises(StoreError, match=r"'mongodb://\*\*\*@localhost/grove' has an option .+ correct what"):
        MongoStore(f"mongodb://me:secret@localhost/grove?{option}")


def test_a_server_that_is_away_is_told_in_one_sentence() -> None:
    store = open_store("mongodb://me:hunter2@127.0.0.1:1/sacred?serverSelectionTimeoutMS=100")
    away = "No MongoDB answers at mongodb://***@127.0.0.1:1/sacred: start it, or correct the address."
    with pytest.raises(StoreError, match=f"^{re.escape(away)}$"):
        list(store.runs())
    with pytest.raises(StoreError, match=f"^{re.escape(away)}$"):
        store.run(1)


def test_a_server_is_looked_for_no_longer_than_five_seconds_unless_the_address_says_so() -> None:
    def patience(address: str) -> float:
        return float(MongoStore(address)._database.client.options.server_selection_timeout)

    assert patience("mongodb://127.0.0.1:1/sacred") == 5.0
    assert patience("mongodb://127.0.0.1:1/sacred?serverselectiontimeoutms=700") == 0.7


@pytest.mark.parametrize(
    "address",
    [
        "mongodb://me:hunter2@127.0.0.1:1/sacred?serverSelectionTimeoutMS=50",
        "mongodb://me:hunter2@127.0.0.1:1",  # no database
        "mongodb://me:hunter2@127.0.0.1:port/sacred",
        "mongodb://me:hun/ter2@127.0.0.1:1/sacred",  # not percent-encoded
        "mongodb://me:hun@ter2@127.0.0.1:1/sacred",
        "mongodb://me:hun?ter2@127.0.0.1:1/sacred",
        "mongodb://me:hunter2@/sacred",
        "mongodb://me:hunter2@127.0.0.1:1/sac red",
        "mongodb+srv://me:hunter2@one.invalid/sacred?serverSelectionTimeoutMS=50",
        "mongo://me:hunter2@127.0.0.1:1/sacred",
    ],
)
def test_no_message_ever_shows_a_password(address: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(StoreError) as caught:
        list(open_store(address).runs())
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    message = str(caught.value)
    assert "***@" in message
    assert "\n" not in message
    for secret in ("hunter2", "hun", "ter2", "me:"):
        assert secret not in message
    assert "hunter2" not in without_source(told)


def test_a_wrong_password_is_told_without_it() -> None:
    with scripted_server(refusal(18)) as port:
        store = open_store(f"mongodb://me:hunter2@127.0.0.1:{port}/sacred")
        with pytest.raises(
            StoreError, match=r"mongodb://\*\*\*@127.* refuses this user: check user, password"
        ) as caught:
            list(store.runs())
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in without_source(told)


def test_another_error_of_the_server_is_told_with_its_number() -> None:
    with scripted_server(refusal(96)) as port, pytest.raises(StoreError, match="error 96 of the server"):
        list(open_store(f"mongodb://me:hunter2@127.0.0.1:{port}/sacred").runs())


def test_what_sacred_leaves_without_an_id_is_no_run() -> None:
    with scripted_server(found({"_id": None, "status": "COMPLETED"}, {"_id": 1})) as port:
        assert [run.id for run in open_store(f"mongodb://127.0.0.1:{port}/sacred").runs()] == [1]


def test_a_date_beyond_the_calendar_of_python_is_a_fault_of_its_run() -> None:
    from bson.datetime_ms import DatetimeMS

    with scripted_server(found({"_id": 1, "status": "RUNNING", "heartbeat": DatetimeMS(2**60)})) as port:
        (run,) = open_store(f"mongodb://127.0.0.1:{port}/sacred").runs()
    assert run.fault == "heartbeat is not a time"


def test_a_value_that_is_not_finite_gives_no_number() -> None:
    parts = [{"run_id": 1, "values": [1.0, math.nan]}, {"run_id": 2, "values": [2.0]}]
    with scripted_server(found(*parts)) as port:
        runs = [Run(id, "tiny", "COMPLETED", {}) for id in (1, 2)]
        assert open_store(f"mongodb://127.0.0.1:{port}/sacred").values(runs, "loss", "max") == {2: 2.0}


def without_source(told: str) -> str:
    """A traceback without the lines of this file, which spell the password out."""
    lines = told.splitlines()
    return "\n".join(line for above, line in zip(["", *lines], lines, strict=False) if __file__ not in above)


def refusal(code: int) -> dict[str, Any]:
    return {"ok": 0, "code": code, "errmsg": "refused"}


def found(*documents: dict[str, Any]) -> dict[str, Any]:
    return {"ok": 1, "cursor": {"id": 0, "ns": "sacred.runs", "firstBatch": list(documents)}}


@contextmanager
def scripted_server(reply: dict[str, Any]) -> Iterator[int]:
    """The port of a server that greets every driver, then replies the same to whatever it asks.

    It says what a small server cannot be brought to say: a refusal, a NaN, a document that is broken.
    """

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while header := self.rfile.read(16):
                length, request, _, kind = struct.unpack("<4i", header)
                self.wfile.write(answer(self.rfile.read(length - 16), request, kind, reply))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Conversation) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def answer(question: bytes, request: int, kind: int, reply: dict[str, Any]) -> bytes:
    """The bytes of an answer: a greeting to a greeting, else the reply."""
    import bson

    greeting = {"ok": 1, "ismaster": True, "helloOk": True, "minWireVersion": 0, "maxWireVersion": 21}
    limits = {"maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 1000}
    greets = b"ismaster" in question.lower() or b"hello\x00" in question
    body = bson.encode({**greeting, **limits} if greets else reply)
    if kind == 2004:  # OP_QUERY, in which a driver's first greeting comes, is answered by OP_REPLY
        body, kind = struct.pack("<iqii", 8, 0, 0, 1) + body, 1
    else:
        body, kind = struct.pack("<iB", 0, 0) + body, 2013
    return struct.pack("<4i", 16 + len(body), 1, request, kind) + body
