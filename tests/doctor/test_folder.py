"""What only a folder of runs can have, with journals that our own recording wrote."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.doctor.conftest import FolderPatient, keep, lines
from tracker.cli import main
from tracker.doctor import examine
from tracker.errors import StoreError
from tracker.journal.layout import JOURNAL, POINTS
from tracker.journal.reader import read_record
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal
from tracker.stores import open_store

LONG_AGO = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
RECORD: dict[str, Any] = {
    "experiment": {"name": "tiny", "sources": []},
    "command": "main",
    "host": {},
    "config": {"seed": 1},
    "meta": {},
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def start(store: Path, uuid: str | None = None, **record: Any) -> RunJournal:
    journal = RunJournal.start(store, {**RECORD, **record}, now=LONG_AGO, uuid=uuid)
    journal.add_points("loss", [1, 2], [0.5, 0.4], [1, 2])
    journal.flush()
    return journal


def finish(store: Path, uuid: str | None = None) -> RunJournal:
    journal = start(store, uuid)
    journal.end("COMPLETED", LONG_AGO + timedelta(seconds=9))
    return journal


def said(store: Path, fix: bool = False, now: datetime = LATER) -> list[str]:
    return [finding.line for finding in examine(str(store), now, fix).findings]


def age(path: Path) -> None:
    os.utime(path, (LONG_AGO.timestamp(), LONG_AGO.timestamp()))


def go_on(journal: RunJournal, minutes: float) -> ResumedJournal:
    now, words = LONG_AGO + timedelta(minutes=minutes), list[str]()
    return ResumedJournal.resume(
        journal.folder, 1, journal.uuid, {"host": "there"}, now=now, warn=words.append
    )


def test_a_run_that_was_killed_and_went_on_to_its_end_is_healthy(store: Path) -> None:
    journal = start(store)
    journal.settle(1)
    for name in (JOURNAL, POINTS):
        with (journal.folder / name).open("ab") as file:
            file.write(b'{"half')
    second = go_on(journal, 10)
    second.went_on(1)
    second.flush()
    (told,) = examine(str(store), LONG_AGO + timedelta(minutes=10), False).findings
    assert (told.check, told.harmful) == ("torn journals", False)
    second.end("COMPLETED", LONG_AGO + timedelta(minutes=11))
    assert examine(str(store), LATER, False).healthy


def test_a_run_that_went_on_and_died_is_ended_where_it_died(store: Path) -> None:
    second = go_on(start(store), 10)
    second.went_on(None)
    second.flush()
    second.beat(LONG_AGO + timedelta(minutes=12))
    said(store, fix=True)

    (run,) = open_store(str(store)).runs()
    assert run.status == "INTERRUPTED"
    assert run.parts[-1]["seconds"] == 120.0
    third = go_on(second, 60)
    third.went_on(None)
    third.end("COMPLETED", LONG_AGO + timedelta(minutes=61), elapsed=60.0)
    assert said(store) == []
    assert open_store(str(store)).run(1).hours == (120 + 60 + run.parts[0]["seconds"]) / 3600


def test_a_journaled_run_that_ended_is_healthy(store: Path) -> None:
    finish(store)

    assert said(store) == []


def test_a_journaled_run_that_was_killed_is_ended_in_its_journal(store: Path) -> None:
    start(store).beat(LONG_AGO + timedelta(seconds=5))

    (told,) = said(store, fix=True)

    assert told.startswith(
        "run 1: says RUNNING, but gave its last sign of life 2026-01-01 12:00:05 UTC; --fix writes"
    )
    record = read_record(store / "1")
    assert record is not None
    ended = ("INTERRUPTED", LONG_AGO + timedelta(seconds=5))
    assert (record.document["status"], record.document["stop_time"]) == ended
    assert "doctor" in record.document["info"]["tracker"]
    assert record.document["info"]["tracker"]["elapsed"] == 5
    assert json.loads((store / "1/run.json").read_text())["status"] == "INTERRUPTED"
    assert json.loads((store / "1/metrics.json").read_text())["loss"]["values"] == [0.5, 0.4]
    assert said(store) == []


def test_a_run_that_goes_on_is_left_alone(store: Path) -> None:
    start(store)

    assert said(store, fix=True, now=LONG_AGO + timedelta(seconds=20)) == []


def test_half_a_line_at_the_end_of_a_journal_is_ended(store: Path) -> None:
    finish(store)
    with (store / "1/journal.jsonl").open("a") as journal:
        journal.write('{"event":"fac')

    assert "ends in half a line" in said(store, fix=True)[0]
    assert [line for line in said(store) if "half a line" in line] == []
    assert examine(str(store), LATER).healthy


def test_a_journal_with_a_line_that_is_no_event_is_named(store: Path) -> None:
    finish(store)
    journal = store / "1/journal.jsonl"
    whole = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([*whole[:-1], "{torn\n"]))

    assert any("journal.jsonl holds a line that is no event" in line for line in said(store))


def test_a_journal_of_a_newer_version_is_named_and_left_alone(store: Path) -> None:
    finish(store)
    journal = store / "1/journal.jsonl"
    journal.write_text(journal.read_text().replace('"version":1', '"version":99'))
    before = journal.read_bytes()

    told = said(store, fix=True)

    assert any("the journal is of version 99" in line for line in told)
    assert journal.read_bytes() == before


@pytest.mark.parametrize("status", ["RUNNING", ""])
def test_files_of_sacred_that_disagree_with_the_journal_are_written_anew(store: Path, status: str) -> None:
    finish(store)
    (store / "1/run.json").write_text(json.dumps({"status": status}) if status else "{torn")

    (told,) = said(store, fix=True)

    assert told.startswith(f"run 1: run.json says {status or 'nothing'}, the journal COMPLETED; --fix writes")
    assert json.loads((store / "1/run.json").read_text())["status"] == "COMPLETED"
    assert said(store) == []


def test_an_artifact_that_is_named_but_missing_is_found(store: Path, tmp_path: Path) -> None:
    (tmp_path / "plot.txt").write_text("a plot")
    journal = start(store)
    journal.add_artifact("plot.txt", tmp_path / "plot.txt")
    journal.end("COMPLETED", LONG_AGO)
    assert said(store) == []

    (store / "1/plot.txt").unlink()

    (told,) = said(store, fix=True)
    assert told.startswith("run 1: artifact plot.txt is named, but plot.txt is missing")


def test_one_run_in_two_folders_is_found(store: Path) -> None:
    finish(store, "ab" * 16)
    finish(store, "ab" * 16)

    (told,) = said(store)

    assert told.startswith("run 2: has the uuid of run 1")


def test_a_document_fault_in_a_journal_is_named_and_never_written_over(store: Path) -> None:
    journal = start(store, host=None)
    journal.end("COMPLETED", LONG_AGO)

    told = said(store, fix=True)

    assert [line for line in told if "host is null" in line and "its journal is never rewritten" in line]


def test_what_a_killed_process_left_over_is_removed(store: Path) -> None:
    finish(store)
    (store / "2").mkdir()
    (store / "_sources").mkdir(exist_ok=True)
    left = [store / name for name in (".pull-abc", "1/.run.json.123", "_sources/.main.py.9", "._last_id.7")]
    for path in left:
        path.write_text("half")
    for path in (store / "2", *left):
        age(path)

    told = said(store, fix=True)

    assert sorted(line.split(":")[0] for line in told) == sorted(
        ["folder 2", *(str(path.relative_to(store)) for path in left)]
    )
    assert not any(path.exists() for path in (store / "2", *left))
    assert said(store) == []


def test_what_is_being_written_now_is_left_alone(store: Path) -> None:
    finish(store)
    (store / "2").mkdir()

    assert said(store, fix=True, now=datetime.now(UTC)) == []


def test_a_folder_without_a_record_is_named_and_kept(store: Path) -> None:
    (store / "notes").mkdir(parents=True)
    (store / "notes/diary.txt").write_text("mine")
    age(store / "notes")

    (told,) = said(store, fix=True)

    assert told.startswith("folder notes: holds no record of a run")
    assert (store / "notes/diary.txt").exists()
    assert examine(str(store), LATER).healthy


def test_a_torn_file_of_stock_sacred_is_named_and_left_alone(folder: FolderPatient) -> None:
    keep(folder)
    torn = folder.folder / "metrics.json"
    torn.write_text(torn.read_text()[:40])

    told = lines(folder, fix=True)

    assert any("metrics.json is torn" in line for line in told)
    assert len(torn.read_text()) == 40


def test_the_command_prints_findings_and_counts_them(store: Path) -> None:
    start(store)

    answer = CliRunner().invoke(main, ["doctor", "--store", str(store)])

    assert answer.exit_code == 1
    assert answer.stdout.startswith("run 1: says RUNNING")
    assert "--fix writes INTERRUPTED" in answer.stdout
    assert answer.stderr == "1 finding in 1 run, 0 mended: dead runs 1\n"


def test_the_command_mends_and_then_finds_nothing(store: Path) -> None:
    start(store)

    first = CliRunner().invoke(main, ["doctor", "--store", str(store), "--fix"])
    second = CliRunner().invoke(main, ["doctor", "--store", str(store), "--fix"])

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "1 mended" in first.stderr
    assert (second.stdout, second.stderr) == ("", "1 run is healthy\n")


def test_a_folder_that_is_not_there_is_not_called_healthy(store: Path) -> None:
    answer = CliRunner().invoke(main, ["doctor", "--store", str(store)])

    assert answer.exit_code == 1
    assert answer.stderr == f"Error: {store} is not there: name the folder that holds the runs.\n"


def test_a_store_that_is_a_file_is_refused(store: Path) -> None:
    store.write_text("")

    with pytest.raises(StoreError, match="is a file"):
        examine(str(store), LATER)
