"""The test server answers real drivers as MongoDB does, where the other tests lean on it."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import pytest

pytestmark = pytest.mark.mongo


def test_documents_come_back_as_they_were_written(database: Any) -> None:
    from bson import ObjectId

    document = {
        "_id": 7, "when": datetime(2026, 1, 1), "nested": [["name", ObjectId()]], "bytes": b"\0\1",
        "large": 2**53 - 1, "small": -(2**40), "half": 0.5, "nothing": None, "text": "é\u2028",
    }  # fmt: skip
    database.runs.insert_one(document)
    database.runs.insert_one({"_id": 8, "value": math.nan, "values": [math.inf, -0.0]})

    assert database.runs.find_one(7) == document
    assert math.isnan(database.runs.find_one(8)["value"])
    assert math.copysign(1, database.runs.find_one(8)["values"][1]) == -1


def test_the_same_id_is_refused_twice(database: Any) -> None:
    from pymongo.errors import DuplicateKeyError

    database.runs.insert_one({"_id": 1})

    with pytest.raises(DuplicateKeyError):
        database.runs.insert_one({"_id": 1})


def test_a_unique_index_is_enforced(database: Any) -> None:
    from pymongo.errors import DuplicateKeyError

    database.parts.create_index([("file", 1), ("n", 1)], unique=True)
    database.parts.insert_one({"file": 1, "n": 0})

    with pytest.raises(DuplicateKeyError):
        database.parts.insert_one({"file": 1, "n": 0})


def test_a_document_over_sixteen_megabytes_is_refused(database: Any) -> None:
    from pymongo.errors import PyMongoError

    with pytest.raises(PyMongoError):
        database.runs.update_one({"_id": 1}, {"$set": {"text": "x" * 2**24}}, upsert=True)


def test_updates_change_what_they_name(database: Any) -> None:
    runs = database.runs
    runs.update_one({"_id": 1, "kind": "a"}, {"$set": {"x.y": 1}, "$setOnInsert": {"new": True}}, upsert=True)
    runs.update_one({"_id": 1}, {"$setOnInsert": {"new": False}, "$max": {"top": 3}}, upsert=True)
    runs.update_one({"_id": 1}, {"$push": {"list": {"$each": [1, 2]}}, "$max": {"top": 2}, "$inc": {"n": 2}})
    runs.update_one({"_id": 1}, {"$addToSet": {"list": 2}, "$unset": {"kind": ""}})

    assert runs.find_one(1) == {"_id": 1, "x": {"y": 1}, "new": True, "top": 3, "list": [1, 2], "n": 2}
    assert runs.update_one({"_id": 1, "n": 3}, {"$set": {"n": 4}}).matched_count == 0
    assert runs.update_one({"_id": 1}, {"$set": {"n": 2}}).modified_count == 0


def test_find_and_modify_gives_what_was_or_what_is(database: Any) -> None:
    from pymongo import ReturnDocument

    def claim(number: int) -> Any:
        change = {"$setOnInsert": {"run": number}}
        after = ReturnDocument.AFTER
        return database.claims.find_one_and_update({"_id": "a"}, change, upsert=True, return_document=after)

    assert (claim(1), claim(2)) == ({"_id": "a", "run": 1}, {"_id": "a", "run": 1})


def test_a_long_answer_comes_in_pieces(database: Any) -> None:
    database["omniboard.settings"].insert_many([{"n": number} for number in range(300)])

    found = database["omniboard.settings"].find({"n": {"$gte": 10}}, batch_size=50).sort("n", -1)

    assert [one["n"] for one in found] == list(range(299, 9, -1))


def test_fields_are_chosen_and_lists_are_cut(database: Any) -> None:
    database.metrics.insert_one({"_id": 1, "values": [1, 2, 3], "steps": [4, 5, 6], "name": "loss"})

    cut = database.metrics.aggregate([{"$project": {"values": {"$slice": ["$values", -1]}}}])

    assert list(cut) == [{"_id": 1, "values": [3]}]
    assert database.metrics.find_one({}, {"steps": 0, "name": 0}) == {"_id": 1, "values": [1, 2, 3]}
    assert database.metrics.distinct("values") == [1, 2, 3]
    assert database.metrics.count_documents({"values": 2}) == 1
