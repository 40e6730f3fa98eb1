"""Whether there is a place for what runs write."""

from __future__ import annotations

import os
import shutil
import tempfile
from heapq import nlargest
from pathlib import Path
from statistics import mean

from tracker.address import is_mongo, masked
from tracker.errors import LaunchError, StoreError
from tracker.leases import open_leases

LEAST = 500 * 2**20  # bytes of a disk that must be free, however little runs wrote so far
LIKE = 20  # of the latest run folders tell how much one takes
GIB = 2**30
NO_LEASE = "no-such-work"  # the key of no work


def check_store(address: str, runs: Path) -> None:
    """Raise LaunchError where runs cannot be written into their folder, or not into the MongoDB."""
    if is_mongo(address):
        _check_server(address)
    check_folder(runs, "runs", "name another store, or a folder in $TRACKER_FOLDER")


def check_folder(folder: Path, what: str, remedy: str) -> None:
    """Raise LaunchError where the folder, or the one that it is to be made in, takes no file."""
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise LaunchError(f"{folder}: no {what} can be kept here ({error.strerror}); {remedy}") from error


def check_disk(runs: Path, number: int) -> None:
    """Raise LaunchError where so many runs, as large as the latest ones, do not fit on the disk."""
    try:
        disk = shutil.disk_usage(_existing(runs))
    except OSError:
        return  # then it cannot be written either, which is told
    if not (disk.total and os.access(_existing(runs), os.W_OK)):
        return  # as above
    free = disk.free
    needed = int(number * _mean_size(runs))
    if number and free < max(needed, LEAST):
        least = f"; at least {LEAST / GIB:.1f} GiB must be free" if needed < LEAST else ""
        raise LaunchError(
            f"{runs}: {free / GIB:.1f} GiB are free on its disk, and {number} runs as large as the latest "
            f"take {needed / GIB:.1f} GiB{least}; make room, or name another store"
        )


def _check_server(address: str) -> None:
    """Change nothing, by a command that only somebody who may write may give."""
    try:
        open_leases(address).ask_to_stop([NO_LEASE])
    except StoreError as error:
        raise LaunchError(f"{masked(address)}: runs cannot be written: {error}") from error


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if os.path.lexists(place))


def _mean_size(runs: Path) -> float:
    """Bytes that the latest runs take on average; 0 where there is none."""
    try:
        ids = [int(path.name) for path in runs.iterdir() if path.name.isdecimal()]
    except OSError:
        return 0.0
    return mean([_size(runs / str(id)) for id in nlargest(LIKE, ids)] or [0])


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue  # it is gone
    return total
