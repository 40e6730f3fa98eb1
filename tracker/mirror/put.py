"""A document that grows, or is cut and grows again; an older or a repeated write of it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from tracker.stores.collections import CUTS


def put(collection: Collection[Any], document: Mapping[str, Any], *, is_new: bool) -> bool:
    """Writes the document unless one of its id has more `cuts`, or as many and as large a `count`.

    Returns whether it was written. `is_new` is a guess at what is there, which saves a question.
    """
    if is_new and _inserted(collection, document):
        return True
    grown = {"_id": document["_id"], **_older(document.get(CUTS, 0), document["count"])}
    if collection.update_one(grown, {"$set": dict(document)}).matched_count:
        return True
    return not is_new and _inserted(collection, document)


def remove(collection: Collection[Any], id: Any, cuts: int) -> bool:
    """Removes the document unless it was written after so many cuts; whether it was there."""
    return bool(collection.delete_one({"_id": id, **fewer_of(CUTS, cuts)}).deleted_count)


def fewer_of(field: str, count: int) -> dict[str, Any]:
    """The filter for documents with a smaller count in this field, which those before the first lack."""
    return {"$or": [{field: {"$exists": False}}, {field: {"$lt": count}}]}


def _older(cuts: int, count: int) -> dict[str, Any]:
    if not cuts:
        return {CUTS: {"$exists": False}, "count": {"$lt": count}}
    fewer: list[Any] = fewer_of(CUTS, cuts)["$or"]
    return {"$or": [*fewer, {CUTS: cuts, "count": {"$lt": count}}]}


def _inserted(collection: Collection[Any], document: Mapping[str, Any]) -> bool:
    try:
        collection.insert_one(dict(document))
    except DuplicateKeyError:
        return False
    return True
