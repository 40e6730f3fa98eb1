"""What a journal has been told, read back."""

from __future__ import annotations

from typing import Any

from tracker.journal.reader import Record, read_record
from tracker.journal.writer import RunJournal


def record_of(journal: RunJournal) -> Record:
    """The whole record, which is sound."""
    journal.flush()
    found = read_record(journal.folder)
    assert found is not None
    assert (found.fault, found.journaled) == ("", True)
    return found


def info_of(journal: RunJournal) -> Any:
    """The info in it."""
    return record_of(journal).document["info"]
