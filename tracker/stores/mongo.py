"""Runs in a MongoDB, as Sacred's MongoObserver writes them."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tracker.address import EXAMPLE, masked, patience
from tracker.errors import StoreError
from tracker.run import Run, Series, reduced
from tracker.stores.base import id_from, id_order, unknown_run
from tracker.stores.record import run_from, run_id, series_from, values_from

if TYPE_CHECKING:
    from pymongo import MongoClient

UNREAD = (  # what no Run holds: it may be large, or secret
    "captured_out",
    "resources",
    "artifacts",
    "host.ENV",
    "experiment.sources",
    "experiment.dependencies",
    "experiment.repositories",
)
REFUSALS = (13, 18, 8000)  # Unauthorized, AuthenticationFailed, Atlas' word for both


class MongoStore:
    """The runs of one database; the server is asked for the first time when something is read."""

    def __init__(self, address: str) -> None:
        self.address = masked(address)
        client = _client(address, self.address)
        weakref.finalize(self, client.close)  # pymongo warns of a client that nobody closed
        self._database = client[_database_name(client, self.address)]

    def runs(self) -> Iterator[Run]:
        with self._asking():
            found = [run_from(document) for document in self._documents(dict.fromkeys(UNREAD, 0))]
        yield from sorted(found, key=lambda run: id_order(run.id))

    def run(self, id: int | str) -> Run:
        wanted = id_from(str(id))
        with self._asking():
            for spelling in (wanted, str(wanted)):
                document = self._database.runs.find_one({"_id": spelling})
                if document is not None:
                    return run_from(document)
            known = [run_id(document) for document in self._documents({"_id": 1})]
        raise unknown_run(wanted, sorted(known, key=id_order), self.address)

    def metrics(self, run: Run) -> tuple[str, ...]:
        with self._asking():
            return tuple(sorted(self._database.metrics.distinct("name", {"run_id": run.id})))

    def series(self, run: Run, name: str) -> Series:
        with self._asking():
            return series_from(name, self._database.metrics.find({"run_id": run.id, "name": name}))

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        seen: Any = {"$slice": ["$values", -1]} if reduction == "last" else 1
        fields = {"run_id": 1, "steps": {"$slice": ["$steps", 1]}, "values": seen}
        wanted = {"name": name, "run_id": {"$in": [run.id for run in runs]}}
        parts = defaultdict(list)
        with self._asking():
            for part in self._database.metrics.aggregate([{"$match": wanted}, {"$project": fields}]):
                parts[part["run_id"]].append(part)
        numbers = {id: reduced(values_from(found), reduction) for id, found in parts.items()}
        return {id: number for id, number in numbers.items() if number is not None}

    def _documents(self, fields: dict[str, int]) -> Iterator[dict[str, Any]]:
        """Every run; Sacred leaves a stump without an id when it ends a run that it could not begin."""
        return (document for document in self._database.runs.find({}, fields) if document["_id"] is not None)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Tells what goes wrong on the way to the server as a StoreError, without credentials."""
        from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

        try:
            yield
        except ConnectionFailure as error:
            raise StoreError(
                f"No MongoDB answers at {self.address}: start it, or correct the address."
            ) from error
        except OperationFailure as error:
            raise StoreError(_refusal(error.code, self.address)) from error
        except PyMongoError as error:
            raise StoreError(
                f"{self.address} cannot be read ({type(error).__name__}): check the address with its options."
            ) from error


def _client(address: str, shown: str) -> MongoClient[dict[str, Any]]:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    options: dict[str, Any] = patience(address)
    try:
        # AUTO: a date that Python cannot hold is a fault of one run, not of the whole table
        return MongoClient(address, datetime_conversion="DATETIME_AUTO", **options)
    except (PyMongoError, ValueError):
        # not from the error: its words quote parts of the address, which may be the password
        raise StoreError(
            f"{shown!r} is not an address that MongoDB's driver takes: write it as in {EXAMPLE}, special "
            "characters percent-encoded; the host of a mongodb+srv address must be known to the DNS."
        ) from None


def _database_name(client: MongoClient[dict[str, Any]], shown: str) -> str:
    from pymongo.errors import ConfigurationError

    try:
        return client.get_default_database().name
    except ConfigurationError as error:
        raise StoreError(f"{shown!r} names no database: write it as in {EXAMPLE}.") from error


def _refusal(code: int | None, shown: str) -> str:
    if code in REFUSALS:
        return f"{shown} refuses this user: check user, password, rights, or name the authSource."
    return f"{shown} cannot be read (error {code} of the server): see the server's log."
