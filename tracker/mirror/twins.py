"""Finds in MongoDB a run that got there in another way than by its mirror."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from pymongo.database import Database

from tracker.journal.identity import run_uuid
from tracker.journal.moments import utc

MILLISECOND = timedelta(milliseconds=1)
OF_STOCK_RUNS = 5  # the version of identities that were made of a record


def is_recorded_there(database: Database[Any], uuid: str, document: Mapping[str, Any]) -> bool:
    """Whether Sacred's own MongoObserver has recorded this run in the database, too."""
    start = utc(document.get("start_time"))
    if start is None or UUID(uuid).version != OF_STOCK_RUNS:
        return False
    about = {"$gte": start - MILLISECOND, "$lte": start + MILLISECOND}
    found = database["runs"].find({"start_time": about, "info.tracker.uuid": {"$exists": False}})
    return any(run_uuid(twin) == uuid for twin in found)
