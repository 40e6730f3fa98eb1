"""The places that a run can be recorded in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tracker.address import EXAMPLE, masked, patience
from tracker.errors import StoreError


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
        options: Any = patience(address)
        client: Any = pymongo.MongoClient(address, **options)
        database = client.get_default_database()
        client.admin.command("ping")
        database.runs.find_one({}, {"_id": 1})
    except (PyMongoError, ValueError) as error:
        raise StoreError(
            f"MongoDB at {masked(address)} cannot record this run ({type(error).__name__}): "
            f"start the server, correct the address (as in {EXAMPLE}), or record in a folder with -F FOLDER"
        ) from error
    return MongoObserver.create_from(  # type: ignore[no-untyped-call]
        database.runs, gridfs.GridFS(database), metrics_collection=database.metrics
    )
