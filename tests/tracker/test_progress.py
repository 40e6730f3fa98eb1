"""A run that is alive but gets nowhere has stalled, in every kind of record."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tracker.findings.states import cells_state, group_state
from tracker.journal.layout import OUTPUT
from tracker.journal.moments import microseconds
from tracker.journal.writer import RunJournal
from tracker.progress import LEAST, PAUSES, UNKNOWN, Progress, progress
from tracker.stores import open_store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORD = {"experiment": {"name": "tiny"}, "command": "main", "config": {"seed": 7}, "host": {}, "meta": {}}


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


@pytest.fixture
def journal(tmp_path: Path) -> RunJournal:
    return RunJournal.start(tmp_path / "runs", RECORD, now=NOON)


def state(journal: RunJournal, minutes: float) -> str:
    """What the run is when its heart beat just now."""
    journal.flush()
    journal.beat(after(minutes))
    (run,) = open_store(str(journal.store)).runs()
    return run.state(after(minutes))


def tell(journal: RunJournal, minutes: Sequence[float]) -> None:
    for step, minute in enumerate(minutes):
        journal.add_points("loss", [step], [1.0], [microseconds(after(minute))])


@pytest.mark.parametrize(
    ("pause", "patience"), [(None, UNKNOWN), (1.0, LEAST), (LEAST, PAUSES * LEAST), (0.0, LEAST)]
)
def test_the_patience_comes_from_the_run_itself(pause: float | None, patience: float) -> None:
    seen = Progress(NOON, pause)
    assert not seen.has_stalled(NOON + timedelta(seconds=patience))
    assert seen.has_stalled(NOON + timedelta(seconds=patience + 1))


def test_a_single_point_makes_no_pause_and_nothing_told_no_progress() -> None:
    assert progress([NOON], []) == Progress(NOON, None)
    assert progress([after(3), NOON, after(1)], [after(9)]) == Progress(after(9), 120.0)
    assert progress([], []) is None


def test_a_run_that_told_a_point_a_minute_has_stalled_after_ten_silent_ones(journal: RunJournal) -> None:
    tell(journal, range(5))
    assert [state(journal, minutes) for minutes in (5, 13.9, 14.1)] == ["running", "running", "stalled"]


def test_a_run_that_tells_a_point_an_hour_has_more_time(journal: RunJournal) -> None:
    tell(journal, (60, 120, 180))
    assert [state(journal, minutes) for minutes in (470, 481)] == ["running", "stalled"]


def test_a_run_that_tells_nothing_from_the_start_has_an_hour(journal: RunJournal) -> None:
    assert [state(journal, minutes) for minutes in (59, 61)] == ["running", "stalled"]


def test_facts_and_printed_lines_are_signs_of_progress(journal: RunJournal) -> None:
    tell(journal, range(5))
    assert state(journal, 15) == "stalled"
    journal.add_output("still here\n")
    journal.flush()
    os.utime(journal.folder / OUTPUT, (after(15).timestamp(),) * 2)
    assert (state(journal, 24), state(journal, 26)) == ("running", "stalled")
    journal.note_info({"epoch": 5})  # at the clock of this machine, which is another day
    journal.flush()
    (run,) = open_store(str(journal.store)).runs()
    assert run.progress is not None
    assert run.progress.last >= after(15)


def test_a_run_without_a_heartbeat_is_dead_and_not_stalled(journal: RunJournal) -> None:
    tell(journal, range(5))
    state(journal, 5)
    (run,) = open_store(str(journal.store)).runs()
    assert run.state(after(60)) == "dead"


def test_a_run_of_stock_sacred_stalls_too(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "1"
    folder.mkdir(parents=True)
    minutes = [after(minute).replace(tzinfo=None).isoformat() for minute in range(5)]
    metrics = {"loss": {"steps": list(range(5)), "values": [1.0] * 5, "timestamps": minutes}}
    run = {"status": "RUNNING", "start_time": after(0).isoformat(), "heartbeat": after(20).isoformat()}
    for name, content in (("run", run), ("config", {"seed": 1}), ("metrics", metrics)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    (found,) = open_store(str(tmp_path / "runs")).runs()
    assert found.state(after(20)) == "stalled"


@pytest.mark.mongo
def test_a_run_in_a_mongodb_stalls_by_the_times_of_its_points(mongo_address: str) -> None:
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](mongo_address) as client:
        database = client[urlsplit(mongo_address).path.strip("/")]
        for id in (1, 2):
            told = {"status": "RUNNING", "start_time": after(0), "heartbeat": after(120), "config": {}}
            database.runs.insert_one({"_id": id, **told})
        part = {"steps": [0, 1, 2], "values": [1.0] * 3, "timestamps": [after(0), after(1), after(2)]}
        database.metrics.insert_one({"run_id": 1, "name": "loss", **part})
        database.metrics.insert_one({"run_id": 2, "name": "loss", "timestamps": "none"})
    telling, silent = open_store(mongo_address).runs()
    assert (telling.state(after(120)), silent.state(after(120))) == ("stalled", "running")


def test_a_question_is_stalled_where_none_of_its_runs_goes() -> None:
    assert cells_state(["stalled", "queued", "done"]) == "stalled"
    assert cells_state(["stalled", "running"]) == "running"
    assert group_state(["stalled", "done", "planned"]) == "stalled"
