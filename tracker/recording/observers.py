"""The places that a run can be recorded in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tracker.errors import StoreError

MONGO_SCHEMES = ("mongodb", "mongodb+srv")
PATIENCE_MS = 5000  # how long a start waits for MongoDB, unless the address says otherwise


def is_mongo(address: str) -> bool:
    """Whether the address names a MongoDB and not a folder."""
    return urlsplit(address).scheme in MONGO_SCHEMES


def check_folder(folder: str) -> None:
    """Raise StoreError when runs cannot be written below `folder`, which need not exist yet."""
    path = Path(folder).absolute()
    nearest = next(place for place in (path, *path.parents) if place.exists())
    if not nearest.is_dir():
        raise StoreError(
            f"{folder}: {nearest} is a file; runs are recorded in a folder, give another with -F FOLDER"
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise StoreError(f"{folder}: {nearest} may not be written; give another folder with -F FOLDER")


def mongo_observer(address: str) -> Any:
    """A Sacred observer that writes to the MongoDB at `address`.

    Raises StoreError, without the address's password, when the server does not answer or refuses.
    """
    import gridfs
    import pymongo
    from pymongo.errors import PyMongoError
    from sacred.observers import MongoObserver

    try:
        client: Any = pymongo.MongoClient(address, serverSelectionTimeoutMS=_patience(address))
        database = client.get_default_database()
        client.admin.command("ping")
        database.runs.find_one({}, {"_id": 1})
    except (PyMongoError, ValueError) as error:
        raise StoreError(
            f"MongoDB at {masked(address)} cannot record this run ({type(error).__name__}): "
            "start the server, correct the address (mongodb://host:27017/database), "
            "or record in a folder with -F FOLDER"
        ) from error
    return MongoObserver.create_from(  # type: ignore[no-untyped-call]
        database.runs, gridfs.GridFS(database), metrics_collection=database.metrics
    )


def masked(address: str) -> str:
    """The address with `***` in the place of user and password."""
    scheme, _, rest = address.partition("://")
    if not rest:
        return address
    credentials, at, place = rest.rpartition("@")
    return f"{scheme}://{'***@' if at and credentials else ''}{place}"


def _patience(address: str) -> int | None:
    return None if "serverselectiontimeoutms" in address.lower() else PATIENCE_MS
