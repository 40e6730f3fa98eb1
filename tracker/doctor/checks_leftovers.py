"""What a killed process leaves in a folder of runs: empty folders, unfinished copies."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tracker.doctor.entry import Entry
from tracker.doctor.finding import Finding
from tracker.journal.folders import run_names
from tracker.journal.layout import LEASES, RESERVED, RESOURCES, SOURCES

SETTLED = 3600.0  # seconds without a change, after which nobody is at work on it any more

_COPY = re.compile(r"\..+\.\d+")  # .NAME.PROCESS, which becomes NAME when it is whole
_IN_STORE = re.compile(r"\.(?:pull-.*|tracker-.*|_last_id\.\d+|_index\.json\..*)")
_OF_RECORD = re.compile(rf"\.(?:{'|'.join(map(re.escape, sorted(RESERVED)))})\.\d+")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of runs, with what was read from it."""

    store: Path
    runs: Mapping[str, Entry]  # by the names of their folders
    now: datetime


def empty_folders(store: Folder) -> Iterator[Finding]:
    """Folders that are called like runs and hold no record of one."""
    for folder in _folders(store.store):
        if folder.name in store.runs or not _is_settled(folder, store.now):
            continue
        if not any(folder.iterdir()):
            yield Finding(
                "orphans", f"folder {folder.name}", "is empty", "its run died before it began",
                "removes it", harmful=False, mend=partial(folder.rmdir),
            )  # fmt: skip
        else:
            yield Finding(
                "orphans", f"folder {folder.name}", "holds no record of a run", "no reader sees it",
                "move it elsewhere", harmful=False,
            )  # fmt: skip


def leftovers(store: Folder) -> Iterator[Finding]:
    """Copies that were never finished."""
    for path in _unfinished(store.store, store.runs):
        if _is_settled(path, store.now):
            yield Finding(
                "left over", str(path.relative_to(store.store)), "was never finished", "it takes room",
                "removes it", harmful=False, mend=partial(_remove, path),
            )  # fmt: skip


def _unfinished(store: Path, runs: Mapping[str, Entry]) -> Iterator[Path]:
    yield from _matching(store, _IN_STORE)
    for name in (SOURCES, RESOURCES, LEASES):
        yield from _matching(store / name, _COPY)
    for name, run in runs.items():  # stock Sacred's artifacts may be called as they like
        yield from _matching(store / name, _COPY if run.journaled else _OF_RECORD)


def _matching(folder: Path, pattern: re.Pattern[str]) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir())
    except OSError:  # not there, or closed to this user
        return
    yield from (path for path in found if pattern.fullmatch(path.name))


def _folders(store: Path) -> list[Path]:
    return sorted(store / name for name in run_names(store, missing_ok=True))


def _is_settled(path: Path, now: datetime) -> bool:
    try:
        return (now - datetime.fromtimestamp(path.lstat().st_mtime, UTC)).total_seconds() > SETTLED
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
