"""A run's journal, begun in a folder of its own."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.writer import RunJournal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def record() -> dict[str, Any]:
    """What is known of a run when it starts."""
    return {
        "experiment": {"name": "tiny", "base_dir": "/home/me", "mainfile": "tiny.py", "sources": []},
        "command": "main",
        "host": {"hostname": "here"},
        "config": {"lr": 0.1, "seed": 3},
        "meta": {"command": "main", "options": {}},
    }


@pytest.fixture
def begin(tmp_path: Path, record: dict[str, Any]) -> Callable[..., RunJournal]:
    """begin(**options) starts a run at noon in tmp_path/runs."""

    def start(**options: Any) -> RunJournal:
        return RunJournal.start(tmp_path / "runs", options.pop("record", record), now=NOON, **options)

    return start


@pytest.fixture
def files_up_to() -> Callable[[int], AbstractContextManager[None]]:
    """No file of this process grows beyond so many bytes: the system cuts writes short, then refuses."""

    @contextmanager
    def limited(size: int) -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited
