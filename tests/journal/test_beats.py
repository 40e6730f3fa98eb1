"""A sign of life takes no room, costs little, and may fail."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.journal.told import record_of
from tracker.journal.layout import HEARTBEAT
from tracker.journal.writer import RunJournal

Begin = Callable[..., RunJournal]

LATER = datetime(2026, 11, 21, 13, tzinfo=UTC)


def test_a_heartbeat_takes_the_same_place_as_the_one_before(begin: Begin) -> None:
    journal = begin()
    file = journal.folder / HEARTBEAT
    before = file.stat()
    journal.beat(LATER)
    journal.beat(LATER.replace(tzinfo=None))
    assert file.read_text() == "2026-11-21T13:00:00.000000+00:00\n"
    assert (file.stat().st_ino, file.stat().st_size) == (before.st_ino, before.st_size)
    assert record_of(journal).document["heartbeat"] == LATER


def test_a_heartbeat_that_cannot_be_written_is_trouble_and_no_error(begin: Begin) -> None:
    journal = begin()
    (journal.folder / HEARTBEAT).unlink()
    (journal.folder / HEARTBEAT).mkdir()
    journal.beat(LATER)
    assert journal.trouble == "heartbeat cannot be written (Is a directory)"
    assert record_of(journal).document["heartbeat"] is None


def test_the_cost_of_a_beat_does_not_grow_with_the_run(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    for name in ("pwrite", "pread", "open", "fsync", "read"):
        real = getattr(os, name)

        def counted(*arguments: Any, real: Callable[..., Any] = real, **named: Any) -> Any:
            found = real(*arguments, **named)
            calls.append(found if real.__name__ == "pwrite" else 0)
            return found

        monkeypatch.setattr(os, name, counted)
    journal = begin()
    costs = []
    for beat in range(300):
        calls.clear()
        journal.add_points("loss", [1000 + beat] * 50, [0.5] * 50, [10**15] * 50)
        journal.add_output(f"step {1000 + beat}\n" * 10)
        journal.note_info({"steady": list(range(1000)), "beat": 1000 + beat})
        journal.beat(LATER)
        journal.flush()
        costs.append((len(calls), sum(calls)))
    assert costs[1] == costs[-1]
    assert costs[1][0] == 5  # three files and the heartbeat, which is opened anew
