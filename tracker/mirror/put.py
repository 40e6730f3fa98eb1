"""A document that only ever grows, written so that an older or a repeated write changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError


def put(collection: Collection[Any], document: Mapping[str, Any], *, is_new: bool) -> bool:
    """Writes the document unless one of its id has as large a `count`; whether it was written.

    `is_new` is a guess at what is there, which saves a question.
    """
    if is_new and _inserted(collection, document):
        return True
    grown = {"_id": document["_id"], "count": {"$lt": document["count"]}}
    if collection.update_one(grown, {"$set": dict(document)}).matched_count:
        return True
    return not is_new and _inserted(collection, document)


def _inserted(collection: Collection[Any], document: Mapping[str, Any]) -> bool:
    try:
        collection.insert_one(dict(document))
    except DuplicateKeyError:
        return False
    return True
