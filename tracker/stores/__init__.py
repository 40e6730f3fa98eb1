"""Where runs are kept: a folder on disk, or a MongoDB."""

from __future__ import annotations

from pathlib import Path

from tracker.address import is_mongo
from tracker.stores.base import RunStore, Store
from tracker.stores.files import FileStore
from tracker.stores.mongo import MongoStore

__all__ = ["RunStore", "Store", "is_absent", "open_store"]


def open_store(address: str) -> RunStore:
    """The store at a folder's path, or at mongodb://[user:password@]host[:port]/database[?options].

    A folder that is not there is a store that has no runs yet.
    A server is asked for the first time when something is read; it is then that its absence is an error.
    """
    return MongoStore(address) if is_mongo(address) else FileStore(address)


def is_absent(address: str) -> bool:
    """Whether the store is a folder that is not there; of a server nothing is said."""
    return not is_mongo(address) and not Path(address).expanduser().exists()
