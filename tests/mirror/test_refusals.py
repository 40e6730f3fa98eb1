"""A server that will never do refuses in one sentence with the remedy, before anything is written."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import AutoReconnect, ConfigurationError, OperationFailure, ServerSelectionTimeoutError

from tests.mirror.make_runs import make_run
from tests.tracker.test_mongo_store import found, refusal, scripted_server, without_source
from tracker.errors import StoreError
from tracker.mirror import open_mirror
from tracker.mirror.push import push
from tracker.mirror.server import reason, server_at
from tracker.stores.connection import changing, told

SHOWN = "mongodb://***@here/grove"


@contextmanager
def refusing(code: int) -> Iterator[str]:
    with scripted_server(refusal(code)) as port:
        yield f"mongodb://me:hunter2@127.0.0.1:{port}/grove?serverSelectionTimeoutMS=2000"


@pytest.mark.parametrize("code", [13, 18, 8000])
def test_a_wrong_password_refuses_the_run_and_the_push(code: int, store: Path, tmp_path: Path) -> None:
    make_run(store, tmp_path)
    for use in (open_mirror, lambda address: push(store, address)):
        with (
            refusing(code) as address,
            pytest.raises(StoreError, match="refuses this user: check user") as caught,
        ):
            use(address)
        assert "hunter2" not in without_source("".join(traceback.format_exception(caught.value)))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OperationFailure("no", 13), "refuses this user: check user, password, rights"),
        (OperationFailure("no", 18), "refuses this user: check user, password, rights"),
        (OperationFailure("no", 8000), "refuses this user: check user, password, rights"),
        (OperationFailure("no", 14031), "error 14031 of the server"),
        (
            ConfigurationError(
                "Server at here reports wire version 6, but this version of PyMongo requires 9"
            ),
            "is a MongoDB too old for this tracker: update it to 4.4 or newer",
        ),
        (ServerSelectionTimeoutError("me:hunter2"), "No MongoDB answers at"),
        (AutoReconnect("SSL handshake failed: hunter2"), "answers, but not with the TLS of the address"),
    ],
)
def test_each_refusal_has_its_sentence(error: Any, words: str) -> None:
    sentence = told(error, SHOWN)
    assert words in sentence
    assert sentence.endswith(".")
    assert "hunter2" not in sentence + reason(error)


def test_a_server_that_is_too_old_refuses_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pymongo.common.MIN_SUPPORTED_WIRE_VERSION", 99)
    with scripted_server(found()) as port, pytest.raises(StoreError, match="too old for this tracker"):
        open_mirror(f"mongodb://127.0.0.1:{port}/grove")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (13, "lets this user read, not write: give it the role readWrite"),
        (18, "refuses this user: check user"),
    ],
)
def test_a_change_that_is_refused_says_what_the_user_lacks(code: int, words: str) -> None:
    with pytest.raises(StoreError, match=words), changing("mongodb://here/grove"):
        raise OperationFailure("not authorized", code)


class ReadOnly:
    """A database whose user may read alone; what is written is counted."""

    def __init__(self, database: Any) -> None:
        self._database, self.tried = database, 0

    def __getitem__(self, name: str) -> Any:
        outer, inner = self, self._database[name]

        class Collection:
            def find(self, *filters: Any) -> Any:
                return inner.find(*filters)

            def __getattr__(self, method: str) -> Any:
                outer.tried += 1
                raise OperationFailure("not authorized", 13)

        return Collection()


@pytest.mark.mongo
def test_a_user_who_may_read_alone_is_refused_at_a_write_that_changes_nothing(mongo_address: str) -> None:
    from tracker.mirror.server import Server

    real = server_at(mongo_address)
    database = ReadOnly(real.database)
    with pytest.raises(StoreError, match="lets this user read, not write: give it the role readWrite"):
        Server(database, real.shown).prepare()  # type: ignore[arg-type]
    assert database.tried == 1
    assert real.database.list_collection_names() == []
    real.close()


@pytest.mark.parametrize(
    "address",
    [
        "mongodb://me:hunter2@127.0.0.1:1",
        "mongodb://me:hunter2@127.0.0.1:port/grove",
        "mongodb://me:hun@ter2@127.0.0.1:1/grove",
        "mongodb://me:hunter2@/grove",
    ],
)
def test_an_address_that_cannot_be_is_refused_at_once(address: str) -> None:
    with pytest.raises(StoreError) as caught:
        open_mirror(address)
    assert "hunter2" not in str(caught.value)


def test_options_of_the_address_reach_the_driver_and_others_are_set() -> None:
    options = "replicaSet=rs0&tls=true&socketTimeoutMS=700&authSource=admin&retryWrites=false"
    server = server_at(f"mongodb://me:hunter2@127.0.0.1:1,127.0.0.2:1/grove?{options}")
    known = server.database.client.options
    assert (known.replica_set_name, known.retry_writes) == ("rs0", False)
    assert known.pool_options.socket_timeout == 0.7
    assert known.pool_options.connect_timeout == 5.0
    assert known.server_selection_timeout == 5.0
    assert known._options["authSource"] == "admin"
    assert server.shown == "mongodb://***@127.0.0.1:1,127.0.0.2:1/grove"
    server.close()
