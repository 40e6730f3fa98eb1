"""A run that goes on where an earlier process of it stopped: in the same record, where that is at hand."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.identity import recorded_uuid
from tracker.journal.plain import Warn
from tracker.journal.reader import Record, read_record
from tracker.journal.resume import ResumedJournal
from tracker.leases.holder import is_gone, is_here, this_process
from tracker.recording.checkpoints import Note, checkpoint_path, read_note, write_note
from tracker.run import LIVE_FOR
from tracker.settings import CHECKPOINT_VARIABLE, LEASE_VARIABLE

# seconds that an earlier process may take to end; whoever holds a lease knows that it has been told to
PATIENCE, PATIENCE_WITH_LEASE = 2.0, 2 * LIVE_FOR
PAUSE = 0.1  # seconds between two looks at it

_NOT_ENDED = ("RUNNING", "INTERRUPTED", "TIMEOUT")  # a run of another status has come to an end of its own


def left_behind(store: Path) -> Note | None:
    """What an earlier process has left beside this run's checkpoint, whether it came to save one or not.

    Raises StoreError as long as that process goes on.
    """
    checkpoint = checkpoint_path()
    note = read_note(checkpoint) if checkpoint else None
    if note is None:
        return None
    deadline = time.monotonic() + (PATIENCE_WITH_LEASE if os.environ.get(LEASE_VARIABLE) else PATIENCE)
    while _goes_on(note, store):
        if time.monotonic() > deadline:
            raise _still_going(note)
        time.sleep(PAUSE)
    return note


def resumed(
    note: Note, store: Path, record: Mapping[str, Any], code: Mapping[str, Any], now: datetime, warn: Warn
) -> ResumedJournal | None:
    """The journal of the run that the note names, if that is in the store, not at its end, and the same.

    `record` and `code` are what this process would begin a run with. Raises StoreError where another process
    was faster, or the folder cannot be written.
    """
    folder, checkpoint = store / str(note.run), checkpoint_path()
    if checkpoint is None or not folder.is_dir():
        return None
    with _only_one(folder):
        if read_note(checkpoint) != note:
            raise _still_going(read_note(checkpoint) or note)
        found = read_record(folder)
        if found is None or not _is_same(found, note, record):
            return None
        if trouble := leave_note(store, note.run, note.uuid):
            raise StoreError(f"{trouble}: make room, or name another file in {CHECKPOINT_VARIABLE}.")
        part = _part(found.document, record, code)
        return ResumedJournal.resume(folder, note.run, note.uuid, part, now=now, warn=warn)


def leave_note(store: Path, id: int, uuid: str) -> str:
    """Says beside the checkpoint, where one is to be kept, which run that belongs to.

    What went wrong is returned in words, as the run can do without.
    """
    checkpoint = checkpoint_path()
    if checkpoint is None:
        return ""
    try:
        write_note(checkpoint, Note(id, uuid, str(store.resolve()), this_process()))
    except OSError as error:
        return f"run {id} cannot say beside {checkpoint} that this is its state ({error.strerror})"
    return ""


def _goes_on(note: Note, store: Path) -> bool:
    """Whether the process is alive; of one on another machine its heartbeat tells."""
    if is_here(note.process):
        return not is_gone(note.process)
    record = read_record(store / str(note.run))
    if record is None or recorded_uuid(record.document) != note.uuid:
        return False
    beat: datetime | None = record.document.get("heartbeat")
    if record.document.get("status") != "RUNNING" or beat is None:
        return False
    return abs((datetime.now(UTC) - beat).total_seconds()) <= LIVE_FOR


def _still_going(note: Note) -> StoreError:
    process = note.process
    return StoreError(
        f"run {note.run} in {note.store} still goes on, as process {process.pid} on {process.host}: wait "
        f"until it has ended, or end it; another run needs another file in {CHECKPOINT_VARIABLE}."
    )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Of several processes that would take up a run, one at a time looks whether it is free."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks: the note still tells of whoever was faster
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_same(found: Record, note: Note, record: Mapping[str, Any]) -> bool:
    """Whether the run is the noted one, can go on, and is what this process would begin."""
    document = found.document
    if not found.journaled or found.fault or recorded_uuid(document) != note.uuid:
        return False
    same = all(document.get(name) == record[name] for name in ("config", "command"))
    return same and document["status"] in _NOT_ENDED and _name(document) == _name(record)


def _name(document: Mapping[str, Any]) -> Any:
    experiment = document.get("experiment")
    return experiment.get("name") if isinstance(experiment, Mapping) else None


def _part(before: Mapping[str, Any], record: Mapping[str, Any], code: Mapping[str, Any]) -> dict[str, Any]:
    """What the record says of the process that goes on."""
    part: dict[str, Any] = {"host": record["host"].get("hostname", ""), "code": dict(code)}
    changed = _changed(_distributions(before), _distributions(record))
    return part | ({"changed": changed} if changed else {})


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, list[str]]:
    """Distributions of another version than in the first part, "" for one that is not there."""
    names = sorted(before.keys() | now.keys())
    pairs = {name: [before.get(name, ""), now.get(name, "")] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _distributions(document: Mapping[str, Any]) -> dict[str, str]:
    listed = document["experiment"].get("dependencies") or ()
    return {name: version for name, _, version in (str(told).partition("==") for told in listed)}
