"""Runs in a folder, written by the journal itself or by stock Sacred's observer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.journal.writer import RunJournal

NOON = datetime(2026, 1, 1, 12, 0, 0, 250000, tzinfo=UTC)
SECOND = 1_000_000  # microseconds
HOST = {"hostname": "here", "os": ["Linux", "6.1"], "ENV": {}}
META = {"command": "main", "options": {"--comment": None}}


def record_of(config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the journal is given at the start of a run."""
    experiment = {"name": "tiny", "base_dir": "/nowhere", "sources": [], "dependencies": ["numpy==2.4"]}
    experiment |= {"repositories": [], "mainfile": "tiny.py"}
    settings = {"lr": 0.1, "seed": 3, **(config or {})}
    return {
        "experiment": experiment,
        "command": "main",
        "host": HOST,
        "config": settings,
        "meta": META,
        "info": {},
    }


def begin(store: Path, *, now: datetime = NOON, **config: Any) -> RunJournal:
    """A run that has begun."""
    journal = RunJournal.start(store, record_of(config), now=now)
    journal.beat(now)
    return journal


def log(journal: RunJournal, name: str, values: Sequence[float], first: int = 0) -> None:
    """Points a second apart, flushed."""
    steps = range(first, first + len(values))
    start = int(NOON.timestamp() * SECOND)
    journal.add_points(name, list(steps), list(values), [start + step * SECOND for step in steps])
    journal.flush()


def end(journal: RunJournal, status: str = "COMPLETED", **more: Any) -> None:
    """The end of a run, a minute after its begin."""
    journal.end(status, NOON + timedelta(minutes=1), elapsed=60.0, **more)


def make_run(
    store: Path, tmp: Path, *, points: int = 3, status: str = "COMPLETED", **config: Any
) -> RunJournal:
    """A whole run: metrics, output, info, a source, a resource, an artifact."""
    source, data, picture = tmp / "tiny.py", tmp / "data.csv", tmp / "picture.png"
    source.write_text("print('tiny')\n", encoding="utf-8")
    data.write_text("a,b\n1,2\n", encoding="utf-8")
    picture.write_bytes(bytes(range(256)) * 40)
    journal = begin(store, **config)
    journal.note_sources([("tiny.py", source)])
    journal.add_resource(data)
    journal.add_artifact("picture.png", picture, "image/png", {"of": "nothing"})
    journal.note_facts({"questions": ["norm", "norm.rate"]})
    journal.note_info({"note": "well", "nested": {"depth": 20}})
    journal.add_output("begun\n")
    log(journal, "loss", [1.0 / (step + 1) for step in range(points)])
    log(journal, "val.accuracy", [50.0 + step for step in range(points)])
    journal.add_output("no newline")
    end(journal, status, result=None if status != "COMPLETED" else {"accuracy": 91.5})
    return journal
