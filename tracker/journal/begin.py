"""The first moment of a run: a number, a folder, its record on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.allot import allot
from tracker.journal.events import event_line
from tracker.journal.heartbeat import beat
from tracker.journal.identity import new_uuid
from tracker.journal.layout import JOURNAL, VERSION
from tracker.journal.sacred_files import write_first_files


def begin(
    store: Path,
    record: Mapping[str, Any],
    now: datetime,
    wanted: int | None,
    at_least: int,
    event: str,
    uuid: str | None,
) -> tuple[Path, int, str]:
    """Folder, number and identity of a new run; the record must be plain. Raises StoreError."""
    id, folder = allot(store, wanted, at_least)
    identity = uuid or new_uuid()
    first = event_line(event, now, version=VERSION, uuid=identity, record=record)
    try:
        _write(folder / JOURNAL, first)
        if event == "started":
            beat(folder, now)
        write_first_files(folder)
        _sync_folder(folder)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)  # it is new, and nobody has been told of it
        raise StoreError(
            f"Run {id} cannot be begun in {store} ({error.strerror}): make room, or give another folder."
        ) from error
    return folder, id, identity


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
