"""A number and a folder for a new run, safely beside other processes."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.errors import StoreError
from tracker.journal.layout import LAST_ID


def allot(store: Path, wanted: int | None = None, at_least: int = 0) -> tuple[int, Path]:
    """A number that no run of the store has or had, with its new folder; making the folder is the lock.

    The next one after all folders, after the last that was given, and after `at_least`; or the `wanted`.
    Raises StoreError where the wanted one is taken or the store cannot be written.
    """
    try:
        store.mkdir(parents=True, exist_ok=True)
        id = _make_next(store, at_least) if wanted is None else _make_wanted(store, wanted)
    except FileExistsError as error:
        raise StoreError(f"{store} is a file: give a folder, where runs can be recorded.") from error
    except NotADirectoryError as error:
        raise StoreError(f"{store} lies below a file: give a folder, where runs can be recorded.") from error
    except OSError as error:
        raise StoreError(
            f"{store}: runs cannot be written here ({error.strerror}): mend that, or give another folder."
        ) from error
    _remember(store)
    return id, store / str(id)


def highest_id(store: Path) -> int:
    """The highest number that any run of the store has or had; 0 where there was none."""
    try:
        names = os.listdir(store)  # noqa: PTH208 - names alone, as there may be very many
    except OSError:
        names = []
    return max([_last_given(store), *(int(name) for name in names if _is_number(name))])


def _make_next(store: Path, at_least: int) -> int:
    id = max(highest_id(store), at_least) + 1
    while not _made(store / str(id)):  # another process was faster
        id += 1
    return id


def _make_wanted(store: Path, wanted: int) -> int:
    if wanted < 0:
        raise StoreError(f"Run {wanted} cannot be: the number of a run is not negative.")
    if not _made(store / str(wanted)):
        raise StoreError(
            f"run {wanted} is already in {store}: ask for another number, or for none to get the next."
        )
    return wanted


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True


def _remember(store: Path) -> None:
    """Keeps the highest number; best effort, as it only matters where the newest run is deleted."""
    for _ in range(2):  # again, in case a slower process has put a lower one over ours
        highest = highest_id(store)
        if _last_given(store) >= highest:
            return
        new = store / f".{LAST_ID}.{os.getpid()}"
        try:
            new.write_text(f"{highest}\n", encoding="ascii")
            new.replace(store / LAST_ID)
        except OSError:
            return


def _last_given(store: Path) -> int:
    try:
        found = (store / LAST_ID).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return 0
    return int(found) if _is_number(found) else 0


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal() and len(name) < 19  # what 64 bits hold
