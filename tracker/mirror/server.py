"""A MongoDB that runs are copied to: asked whether it may be written, given the indexes of its readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from tracker.address import masked
from tracker.errors import StoreError
from tracker.mirror.binding import highest_id
from tracker.stores.collections import BINDINGS, POINTS
from tracker.stores.connection import REFUSALS, UNAUTHORIZED, database_at, is_too_old, may_only_read, told

# where the address does not say: a server that is stopped must not hold anybody for long
TIMEOUTS = {"connectTimeoutMS": 5000, "socketTimeoutMS": 20_000}

INDEXES = (
    ("metrics", [("run_id", 1), ("name", 1)], False),
    (POINTS, [("run", 1), ("name", 1), ("chunk", 1)], False),
    ("fs.files", [("filename", 1), ("uploadDate", 1)], False),  # as every driver makes them
    ("fs.chunks", [("files_id", 1), ("n", 1)], True),
)


@dataclass(frozen=True, slots=True)
class Server:
    """A database that runs are copied to, or from."""

    database: Database[Any]
    shown: str  # its address without credentials
    _answers: dict[str, int | None] = field(default_factory=dict)  # to the steps of `prepare`

    def prepare(self) -> int:
        """Makes sure that runs may be written; returns the highest number that a run has there.

        Raises StoreError where this user or this driver will never do, before anything is written, and
        PyMongoError where the server is away; it may then be repeated.
        """
        steps = {"ask": self._ask, "write": self._try_to_write} | {
            f"index {collection}": partial(self._make_index, collection, keys, unique)
            for collection, keys, unique in INDEXES
        }
        for name, step in steps.items():
            if name not in self._answers:
                self._answers[name] = step()
        return self._answers["ask"] or 0

    def _ask(self) -> int:
        try:
            return highest_id(self.database)
        except PyMongoError as error:
            raise self._refusal(error) or error from error

    def _try_to_write(self) -> None:
        """A write that changes nothing, as there is no such run."""
        try:
            self.database[BINDINGS].update_one({"_id": ""}, {"$set": {"run": 0}})
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise
            raise StoreError(may_only_read(self.shown)) from error

    def _refusal(self, error: PyMongoError) -> StoreError | None:
        refuses = isinstance(error, OperationFailure) and error.code in REFUSALS
        return StoreError(told(error, self.shown)) if refuses or is_too_old(error) else None

    def _make_index(self, collection: str, keys: list[tuple[str, int]], unique: bool) -> None:
        try:
            self.database[collection].create_index(keys, unique=unique)
        except OperationFailure:  # somebody has made it in another way; it only makes reading quicker
            return

    def close(self) -> None:
        """Gives the connections back."""
        self.database.client.close()


def server_at(address: str) -> Server:
    """The server, which is not asked yet. Raises StoreError where the address cannot be one."""
    options = {name: value for name, value in TIMEOUTS.items() if name.lower() not in address.lower()}
    return Server(database_at(address, tz_aware=True, **options), masked(address))


def reason(error: Exception) -> str:
    """Why a copy did not go on, in a few words without credentials."""
    if isinstance(error, ConnectionFailure):
        return "it does not answer"
    if isinstance(error, OperationFailure):
        return "it refuses this user" if error.code in REFUSALS else f"error {error.code} of the server"
    return str(error) if isinstance(error, StoreError) else type(error).__name__
