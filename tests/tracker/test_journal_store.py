"""A folder store reads journals: running ones, killed ones, among those of stock Sacred."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import TrackerError
from tracker.journal.layout import JOURNAL
from tracker.journal.writer import RunJournal
from tracker.run import LIVE_FOR, Run
from tracker.stores import open_store
from tracker.stores.record import number_from

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RECORD = {
    "experiment": {"name": "tiny"},
    "command": "main",
    "config": {"lr": 0.1, "seed": 7},
    "host": {},
    "meta": {},
}


@pytest.fixture
def journal(tmp_path: Path) -> RunJournal:
    return RunJournal.start(tmp_path / "runs", RECORD, now=NOON)


def only_run(journal: RunJournal) -> Run:
    journal.flush()
    (run,) = open_store(str(journal.store)).runs()
    assert run == open_store(str(journal.store)).run(run.id)
    return run


def test_a_run_that_goes_is_told_as_it_stands(journal: RunJournal) -> None:
    journal.note_info({"note": 1})
    run = only_run(journal)
    assert (run.id, run.experiment, run.status, run.seed, run.fault) == (1, "tiny", "RUNNING", 7, "")
    assert (run.info["note"], run.uuid, run.started) == (1, journal.uuid, NOON)


def test_a_run_lives_by_its_heartbeat(journal: RunJournal) -> None:
    journal.beat(NOON + timedelta(minutes=5))
    run, beat = only_run(journal), NOON + timedelta(minutes=5)
    for seconds, state in ((0, "running"), (LIVE_FOR, "running"), (LIVE_FOR + 1, "dead"), (-3600, "dead")):
        assert run.state(beat + timedelta(seconds=seconds)) == state


def test_a_queued_run_waits(tmp_path: Path) -> None:
    run = only_run(RunJournal.start(tmp_path / "runs", RECORD, now=NOON, event="queued"))
    assert (run.state(NOON), run.started, run.fault) == ("queued", None, "")


def test_a_failed_run_tells_its_last_line(journal: RunJournal) -> None:
    journal.end("FAILED", NOON, fail_trace=["Traceback\n", "ValueError: no such norm\n"])
    run = only_run(journal)
    assert (run.state(NOON), run.failure) == ("failed", "ValueError: no such norm")


def test_points_that_were_not_finite_count_as_they_would_among_the_values(journal: RunJournal) -> None:
    for name, values in {
        "fine": [2.0, 1.0],
        "recovered": [math.nan, 3.0],
        "diverged": [3.0, math.inf],
        "never": [math.nan],
    }.items():
        journal.add_points(name, range(len(values)), values, [10**15] * len(values))
    run, store = only_run(journal), open_store(str(journal.store))
    numbers = {
        name: [store.values([run], name, reduction).get(1) for reduction in ("last", "max", "min", "mean")]
        for name in ("fine", "recovered", "diverged", "never")
    }
    assert numbers == {
        "fine": [1.0, 2.0, 1.0, 1.5],
        "recovered": [3.0, None, None, None],
        "diverged": [None] * 4,
        "never": [None] * 4,
    }
    assert store.series(run, "diverged").values == (3.0,)


@pytest.mark.parametrize(
    "facts", [5, [5, {}], [{"metric": "loss"}], [{"metric": "loss", "count": 0}], {"loss": 1}]
)
def test_a_count_of_a_strange_shape_counts_nothing(facts: Any) -> None:
    run = Run(1, "tiny", "COMPLETED", {}, info={"tracker": {"not_finite": facts}})
    assert number_from(run, "loss", [2.0, 1.0], 1, "mean") == 1.5


def test_a_reduction_that_is_unknown_is_refused_whatever_the_points() -> None:
    info = {"tracker": {"not_finite": [{"metric": "loss", "first": None, "last": None, "count": 1}]}}
    run = Run(1, "tiny", "COMPLETED", {}, info=info)
    assert number_from(run, "loss", [1.0], 1, "last") is None
    with pytest.raises(TrackerError, match="'median' is unknown"):
        number_from(run, "loss", [1.0], 1, "median")


def test_a_store_holds_journals_and_stock_runs_and_passes_over_what_is_neither(
    journal: RunJournal, tmp_path: Path
) -> None:
    (journal.store / "2").mkdir()
    (journal.store / "2" / "run.json").write_text('{"status": "COMPLETED", "experiment": {"name": "old"}}')
    (journal.store / "2" / "config.json").write_text("{}")
    (journal.store / "3").mkdir()
    (journal.store / "4").mkdir()
    (journal.store / "4" / JOURNAL).write_text('{"event":"started","ver')
    (journal.store / "5").write_text("a file")
    store = open_store(str(journal.store))
    assert [(run.id, run.experiment, run.fault) for run in store.runs()] == [(1, "tiny", ""), (2, "old", "")]


def test_a_journal_of_a_newer_version_is_told_as_a_fault(journal: RunJournal) -> None:
    path = journal.folder / JOURNAL
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 99}) + "\n")
    fault = "the journal is of version 99, this tracker reads up to 1: update the tracker"
    run = only_run(journal)
    assert (run.fault, run.config["lr"]) == (fault, 0.1)
    for file in ("run.json", "config.json"):
        (journal.folder / file).unlink()
    assert only_run(journal).fault == f"{fault}; status is missing"
