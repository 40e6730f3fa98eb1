"""The server of the tests keeps documents apart whose ids do not come in the order of their insertion."""

from __future__ import annotations

from typing import Any

import pytest

FILTERS: dict[str, dict[str, Any]] = {
    "plain": {"count": {"$lt": 2}},
    "or": {"$or": [{"count": {"$exists": False}}, {"count": {"$lt": 2}}]},
    "and": {"$and": [{"$or": [{"cuts": {"$exists": False}}, {"cuts": {"$lt": 1}}]}, {"count": {"$lte": 1}}]},
    "in": {"$or": [{"count": {"$lte": 1}}, {"status": {"$in": ["RUNNING"]}}]},
}


@pytest.mark.mongo
@pytest.mark.parametrize("asked", FILTERS.values(), ids=list(FILTERS))
def test_an_update_reaches_the_document_of_its_id(database: Any, asked: dict[str, Any]) -> None:
    for id in (2, 1):
        database.runs.insert_one({"_id": id, "count": 1})

    database.runs.update_one({"_id": 1, **asked}, {"$set": {"count": 5}})

    assert {found["_id"]: found["count"] for found in database.runs.find()} == {1: 5, 2: 1}


@pytest.mark.mongo
def test_a_deletion_reaches_the_document_of_its_id(database: Any) -> None:
    for id in (2, 1):
        database.runs.insert_one({"_id": id, "count": 1})

    database.runs.delete_one({"_id": 1, **FILTERS["or"]})

    assert [found["_id"] for found in database.runs.find()] == [2]
