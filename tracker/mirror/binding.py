"""The number of a run in a database, the same however often and by however many it is asked for."""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from tracker.errors import StoreError
from tracker.stores.collections import BINDINGS

ATTEMPTS = 100  # at reading a binding that others change at the same time


def bound_id(database: Database[Any], uuid: str, wanted: int | str) -> int:
    """The number of the run; the first time it is the wanted one where that is free, else the next."""
    for _ in range(ATTEMPTS):
        binding = database[BINDINGS].find_one({"_id": uuid})
        if binding is not None:
            return int(binding["run"])
        try:
            database[BINDINGS].insert_one({"_id": uuid, "run": _candidate(database, wanted)})
        except DuplicateKeyError:  # another process, or an earlier attempt whose answer was lost
            continue
    raise StoreError(f"Run {uuid} gets no number in the database: push it again.")


def rebound_id(database: Database[Any], uuid: str, taken: int) -> int:
    """Another number for a run whose number turned out to be taken; one of several processes chooses it."""
    database[BINDINGS].find_one_and_update(
        {"_id": uuid, "run": taken},
        {"$set": {"run": highest_id(database) + 1}},
        return_document=ReturnDocument.AFTER,
    )
    return bound_id(database, uuid, taken)


def highest_id(database: Database[Any]) -> int:
    """The highest number that any run of the database has or had, as far as it is known; else 0."""
    numbers = (_highest(database["runs"], "_id"), _highest(database[BINDINGS], "run"))
    return max(numbers)


def _candidate(database: Database[Any], wanted: int | str) -> int:
    is_number = isinstance(wanted, int) and wanted >= 1
    if is_number and not database["runs"].find_one({"_id": wanted}, {"_id": 1}):
        return int(wanted)
    return highest_id(database) + 1


def _highest(collection: Any, field: str) -> int:
    found = collection.find({field: {"$gte": 0}}, {field: 1}).sort(field, -1)
    return next((document[field] for document in found if isinstance(document.get(field), int)), 0)
