"""The places that a run can be recorded in."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from tracker.address import EXAMPLE, masked, patience
from tracker.errors import StoreError
from tracker.settings import STORE_VARIABLE


def check_folder(folder: str) -> None:
    """Raise StoreError when runs cannot be written in `folder`, which need not exist yet; leaves nothing."""
    path = Path(folder).absolute()
    missing = [place for place in (path, *path.parents) if not place.exists()]
    nearest = path if path.exists() else missing[-1].parent
    if not nearest.is_dir():
        raise StoreError(
            f"{folder}: {nearest} is a file; runs are recorded in a folder, give another with -F FOLDER"
        )
    try:
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".tracker-"):
            pass
    except OSError as error:
        raise StoreError(
            f"{folder}: runs cannot be written here ({error.strerror}); give another folder with -F FOLDER"
        ) from error


def mongo_observer(address: str) -> Any:
    """A Sacred observer that writes to the MongoDB at `address`; raises StoreError as `_database` does."""
    import gridfs
    from sacred.observers import MongoObserver

    database = _database(address)
    return MongoObserver.create_from(  # type: ignore[no-untyped-call]
        database.runs, gridfs.GridFS(database), metrics_collection=database.metrics
    )


def check_mongo_option(value: str) -> None:
    """Raise StoreError when Sacred's own option -m names no server that answers, which Sacred tells late."""
    from sacred.observers.mongo import parse_mongo_db_arg

    try:
        parsed = parse_mongo_db_arg(value)  # type: ignore[no-untyped-call]
    except AttributeError as error:  # which is how Sacred says that it does not understand
        raise StoreError(
            f"-m {masked(value)}: this option takes [host:port:]database; put an address with a user or with "
            f"options into ${STORE_VARIABLE}"
        ) from error
    _database(f"mongodb://{parsed.get('url', 'localhost:27017')}/{parsed.get('db_name', 'sacred')}")


def _database(address: str) -> Any:
    """The database, after its server has answered.

    Raises StoreError, without the address's password, when the server does not answer or refuses.
    """
    import pymongo
    from pymongo.errors import PyMongoError

    try:
        options: Any = patience(address)
        client: Any = pymongo.MongoClient(address, **options)
        database = client.get_default_database()
        client.admin.command("ping")
        database.runs.find_one({}, {"_id": 1})
        return database
    except (PyMongoError, ValueError) as error:
        raise StoreError(
            f"MongoDB at {masked(address)} cannot record this run ({type(error).__name__}): "
            f"start the server, correct the address (as in {EXAMPLE}), or record in a folder with -F FOLDER"
        ) from error
