"""Omniboard's collections in MongoDB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tracker.address import EXAMPLE, is_mongo, masked
from tracker.errors import StoreError
from tracker.omniboard.documents import COLLECTIONS, OWNER, Change
from tracker.omniboard.tags import Retag
from tracker.stores.connection import asking, database_at

if TYPE_CHECKING:
    from pymongo import UpdateOne
    from pymongo.database import Database

UNAUTHORIZED = 13  # the server's code for what a user may not do

_READ = {  # a projection shows nothing of an `info` that is no mapping, so its type is asked for
    "omniboard": 1,
    "config.tags": 1,
    "info.tracker": 1,
    "info_type": {"$type": "$info"},
}


class Board:
    """One database as Omniboard sees it; ids go in and out as text."""

    def __init__(self, database: Database[dict[str, Any]], shown: str) -> None:
        self.shown = shown
        self._database = database

    def documents(self) -> dict[str, list[dict[str, Any]]]:
        """Every document of the three collections that configure Omniboard."""
        with asking(self.shown):
            found = {name: list(self._database[name].find()) for name in COLLECTIONS}
        return {name: [{**one, "_id": str(one["_id"])} for one in listed] for name, listed in found.items()}

    def write(self, changes: Iterable[Change]) -> None:
        """Make the changes, which a repetition does not double."""
        with self._writing():
            for change in changes:
                self._write(change)

    def runs(self) -> list[dict[str, Any]]:
        """Of every run the id, the tags and the tracker's facts."""
        with asking(self.shown):
            found = list(self._database.runs.aggregate([{"$project": _READ}]))
        return [one for one in found if one["_id"] is not None]

    def retag(self, changes: Sequence[Retag]) -> None:
        """Write tags and facts; a run whose tags somebody has changed meanwhile is left for the next time."""
        if changes:
            with self._writing():
                self._database.runs.bulk_write([_update(change) for change in changes], ordered=False)

    def _write(self, change: Change) -> None:
        collection, id = self._database[change.collection], _object_id(change.id)
        if change.fields:
            collection.update_one({"_id": id}, {"$set": dict(change.fields)}, upsert=True)
        else:
            collection.delete_one({"_id": id, **OWNER})

    @contextmanager
    def _writing(self) -> Iterator[None]:
        from pymongo.errors import OperationFailure

        try:
            with asking(self.shown):
                yield
        except StoreError as error:
            cause = error.__cause__
            if isinstance(cause, OperationFailure) and cause.code == UNAUTHORIZED:
                raise StoreError(
                    f"{self.shown} lets this user read but not write: sync as a user with the role readWrite."
                ) from cause
            raise


@contextmanager
def open_board(address: str) -> Iterator[Board]:
    """The database at an address; raises StoreError for a folder."""
    if not is_mongo(address):
        raise StoreError(
            f"{address} is a folder, and Omniboard shows a MongoDB: name one as in --store {EXAMPLE}."
        )
    database = database_at(address)
    try:
        yield Board(database, masked(address))
    finally:
        database.client.close()


def _update(change: Retag) -> UpdateOne:
    from pymongo import UpdateOne

    update = {
        name: fields
        for name, fields in (("$set", dict(change.set)), ("$unset", dict.fromkeys(change.unset, "")))
        if fields
    }
    return UpdateOne({"_id": change.id, "omniboard.tags": change.seen}, update)


def _object_id(text: str) -> Any:
    from bson import ObjectId

    return ObjectId(text) if ObjectId.is_valid(text) else text
