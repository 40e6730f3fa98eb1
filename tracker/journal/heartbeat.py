"""The time of a run's last sign of life, overwritten in place."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

from tracker.journal import moments
from tracker.journal.layout import HEARTBEAT


def beat(folder: Path, now: datetime) -> str:
    """Writes the time; what went wrong is returned in words, as a missed beat must not stop a run.

    The text is always as long as the one before, so that a full disk still takes it.
    """
    try:
        descriptor = os.open(folder / HEARTBEAT, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            os.pwrite(descriptor, f"{moments.text(now)}\n".encode(), 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"{HEARTBEAT} cannot be written ({error.strerror})"
    return ""


def last_beat(folder: Path) -> datetime | None:
    """The time of the last sign of life, or None where none was written."""
    try:
        with open(folder / HEARTBEAT, encoding="ascii") as file:  # noqa: PTH123 - a store has thousands
            return moments.utc(file.read().strip())
    except (OSError, ValueError):
        return None
