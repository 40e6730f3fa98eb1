"""A run's journal, begun in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.writer import RunJournal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORD = {
    "experiment": {"name": "tiny", "base_dir": "/home/me", "mainfile": "tiny.py", "sources": []},
    "command": "main",
    "host": {"hostname": "here"},
    "config": {"lr": 0.1, "seed": 3},
    "meta": {"command": "main", "options": {}},
}


@pytest.fixture
def begin(tmp_path: Path) -> Callable[..., RunJournal]:
    """begin(**options) starts a run in tmp_path/runs; what it warns of is kept in `warnings`."""

    def start(**options: Any) -> RunJournal:
        return RunJournal.start(tmp_path / "runs", options.pop("record", RECORD), now=NOON, **options)

    return start
