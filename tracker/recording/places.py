"""Where a run goes: the folder that it is written in, the MongoDB that it is copied to."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tracker.address import EXAMPLE, is_mongo
from tracker.errors import StoreError
from tracker.recording.credentials import Mask
from tracker.settings import STORE_VARIABLE, run_folder, store_address

FOLDER_OPTION, MONGO_OPTION = "--file_storage", "--mongo_db"  # Sacred's -F and -m

_SHORT = re.compile(r"(?:(?P<host>[\w.-]+:\d+)(?::|$))?(?P<database>[\w-]+)?")
_DEFAULT_HOST, _DEFAULT_DATABASE = "localhost:27017", "sacred"  # Sacred's


@dataclass(frozen=True)
class Place:
    """The folder of the runs; `address` is that of the MongoDB, "" without one."""

    folder: Path
    address: str = ""

    @property
    def mask(self) -> Mask:
        """Hides the credentials of this address, and of one that is configured but not used now."""
        known = {self.address, os.environ.get(STORE_VARIABLE, "")}
        return Mask(tuple(sorted(address for address in known if "://" in address)))


def chosen_place(options: Mapping[str, Any]) -> Place:
    """As -F and -m say, else as the store's address does. Raises TrackerError where runs cannot go."""
    folder, mongo = options.get(FOLDER_OPTION), options.get(MONGO_OPTION)
    address = mongo_address(str(mongo)) if mongo else ""
    if not folder and not mongo:
        store = store_address()
        folder, address = ("", store) if is_mongo(store) else (store, "")
    folder = str(folder or run_folder())
    check_folder(folder)
    return Place(Path(folder), address)


def mongo_address(value: str) -> str:
    """The address that -m names; raises StoreError where it is none."""
    if "://" in value and is_mongo(value):
        return value
    found = _SHORT.fullmatch(value)
    if not value or not found:
        *credentials, place = value.rpartition("@")
        raise StoreError(
            f"-m {'***@' if any(credentials) else ''}{place} is no MongoDB: this option takes "
            f"[host:port:]database, or an address as in {EXAMPLE}"
        )
    return f"mongodb://{found['host'] or _DEFAULT_HOST}/{found['database'] or _DEFAULT_DATABASE}"


def check_folder(folder: str) -> None:
    """Raise StoreError when runs cannot be written in `folder`, which need not exist yet; leaves nothing."""
    path = Path(folder).absolute()
    try:
        missing = [place for place in (path, *path.parents) if not place.exists()]
        nearest = path if path.exists() else missing[-1].parent
        if not nearest.is_dir():
            raise StoreError(
                f"{folder}: {nearest} is a file; runs are recorded in a folder, give another with -F FOLDER"
            )
        with tempfile.TemporaryDirectory(dir=nearest, prefix=".tracker-"):
            pass
    except OSError as error:
        raise StoreError(
            f"{folder}: runs cannot be written here ({error.strerror}); give another folder with -F FOLDER"
        ) from error
