"""The folders of a store that runs may be in."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.errors import StoreError
from tracker.journal.layout import is_run_name


def run_names(store: Path, missing_ok: bool = False) -> list[str]:
    """Their names, in no order. Raises StoreError where the store is not there or cannot be read."""
    try:
        with os.scandir(store) as entries:
            return [entry.name for entry in entries if is_run_name(entry.name) and entry.is_dir()]
    except FileNotFoundError as error:
        if missing_ok:
            return []
        raise StoreError(f"{store} is not there: name the folder that holds the runs.") from error
    except NotADirectoryError as error:
        raise StoreError(f"{store} is a file: name the folder that holds the runs.") from error
    except OSError as error:
        raise StoreError(
            f"{store} cannot be read ({error.strerror}): check the path with its permissions, "
            "or name another folder."
        ) from error
