"""What `tracker show` tells of a run that went on after an interruption."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from tracker import open_store
from tracker.export.runs import render_run
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORD: dict[str, Any] = {"experiment": {"name": "tiny"}, "command": "main", "config": {}, "meta": {}}


def shown(store: Path) -> str:
    opened, console = open_store(str(store)), Console(file=io.StringIO(), width=120)
    render_run(opened.run(1), opened, NOON, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_part_is_shown_with_where_it_went_on_and_what_is_new(tmp_path: Path) -> None:
    said: list[str] = []
    first = RunJournal.start(tmp_path, {**RECORD, "host": {"hostname": "here"}}, now=NOON)
    first.settle(120)
    first.end("INTERRUPTED", NOON + timedelta(minutes=6), elapsed=360.0)
    part = {"host": "there", "changed": {"torch": ["2.14", "2.15"]}}
    for minutes, step in ((30, 120), (60, None)):
        now = NOON + timedelta(minutes=minutes)
        journal = ResumedJournal.resume(first.folder, 1, first.uuid, part, now=now, warn=said.append)
        journal.went_on(step)
        journal.end("INTERRUPTED", now + timedelta(minutes=3), elapsed=180.0)

    lines = [line.strip() for line in shown(tmp_path).splitlines()]
    assert "minutes  12.0" in lines
    assert lines[lines.index("parts") + 1 :][:3] == [
        "1  2026-11-21 12:00:00 on here, 6.0 minutes",
        "2  2026-11-21 12:30:00 on there, after step 120, 3.0 minutes, torch 2.14 then 2.15",
        "3  2026-11-21 13:00:00 on there, begun anew, 3.0 minutes, torch 2.14 then 2.15",
    ]
    assert "tracker.parts" not in shown(tmp_path)


def test_a_run_that_continues_another_one_names_it(tmp_path: Path) -> None:
    journal = RunJournal.start(tmp_path, {**RECORD, "host": {}}, now=NOON)
    journal.note_facts({"continues": {"run": 7, "uuid": "abc", "store": "/far/runs", "after_step": 120}})
    journal.flush()
    assert "run 7 in /far/runs, after step 120" in shown(tmp_path)
