"""A disk without room loses nothing of a run: not while it goes, and not at its end."""

from __future__ import annotations

import resource
import shlex
import subprocess
import tempfile
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.errors import StoreError
from tracker.journal.layout import HEARTBEAT, JOURNAL, METRICS, POINTS, RUN
from tracker.journal.reader import read_output, read_points, read_record
from tracker.journal.writer import RunJournal

Limit = Callable[[int], AbstractContextManager[None]]
Begin = Callable[..., RunJournal]
LATER = datetime(2026, 11, 21, 13, tzinfo=UTC)
ROOM = 4000  # bytes in a file


def tell(journal: RunJournal, beat: int) -> None:
    steps = range(beat * 10, beat * 10 + 10)
    journal.add_points("loss", steps, [step / 7 for step in steps], [10**15 + step for step in steps])
    journal.add_output(f"beat {beat}\n" * 10)
    journal.note_info({f"beat {known}": "x" * 100 for known in range(beat + 1)})


def check(folder: Path, beats: int) -> None:
    points, record = read_points(folder, "loss"), read_record(folder)
    assert points.values == [step / 7 for step in range(beats * 10)]
    assert read_output(folder) == "".join(f"beat {beat}\n" * 10 for beat in range(beats))
    assert record is not None
    assert [f"beat {beat}" in record.document["info"] for beat in range(beats)] == [True] * beats


def test_what_was_told_while_the_disk_was_full_comes_when_there_is_room(
    begin: Begin, files_up_to: Limit
) -> None:
    journal = begin()
    with files_up_to(ROOM):
        for beat in range(100):
            tell(journal, beat)
            journal.beat(LATER)
            journal.flush()
        assert journal.trouble.endswith("cannot be written (File too large)")
        record = read_record(journal.folder)
        assert record is not None
        assert (record.fault, record.document["heartbeat"]) == ("", LATER)
    journal.flush()
    assert journal.trouble == ""
    check(journal.folder, 100)
    journal.end("COMPLETED", LATER)
    check(journal.folder, 100)
    assert (journal.folder / METRICS).exists()


def test_the_end_waits_for_room(begin: Begin, files_up_to: Limit) -> None:
    journal, before = begin(), resource.getrlimit(resource.RLIMIT_FSIZE)
    with files_up_to(ROOM):
        for beat in range(30):
            tell(journal, beat)
            journal.flush()
        room = threading.Timer(0.3, resource.setrlimit, [resource.RLIMIT_FSIZE, before])
        room.start()
        journal.end("COMPLETED", LATER, patience=60)
        room.join()
    check(journal.folder, 30)
    record = read_record(journal.folder)
    assert record is not None
    assert record.document["status"] == "COMPLETED"


def test_what_finds_no_room_at_the_end_is_put_elsewhere_with_the_command_that_brings_it_back(
    begin: Begin, files_up_to: Limit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    journal = begin(uuid="5eed")
    with files_up_to(ROOM):
        for beat in range(20):
            tell(journal, beat)
            journal.flush()
        with pytest.raises(StoreError) as caught:
            journal.end("COMPLETED", LATER, result=0.5, patience=0.2)
    rescued = tmp_path / "tracker-rescue-5eed"
    assert sorted(file.name for file in rescued.iterdir()) == [JOURNAL, POINTS]
    message = str(caught.value)
    assert message.startswith(f"The end of run {journal.folder} is in {rescued}, because ")
    assert "cannot be written (File too large): make room, then cat " in message
    record = read_record(journal.folder)
    assert record is not None
    assert record.document["status"] == "RUNNING"

    commands = message.partition("then ")[2]
    subprocess.run(commands, shell=True, check=True)  # as the user does

    check(journal.folder, 20)
    record = read_record(journal.folder)
    assert record is not None
    assert (record.document["status"], record.document["result"]) == ("COMPLETED", 0.5)
    assert shlex.split(commands)[0] == "cat"


def test_where_nothing_can_be_written_at_all_the_loss_is_told(
    begin: Begin, files_up_to: Limit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    journal = begin()
    tell(journal, 0)
    with files_up_to(0), pytest.raises(StoreError, match=r"is lost: .+, nor can .+ make room"):
        journal.end("COMPLETED", LATER, patience=0)


def test_sacreds_files_that_find_no_room_are_trouble_and_no_loss(begin: Begin) -> None:
    journal = begin()
    tell(journal, 0)
    (journal.folder / METRICS).mkdir()
    journal.end("COMPLETED", LATER)
    assert journal.trouble == "Sacred's files of run 1 cannot be written (Is a directory)"
    check(journal.folder, 1)
    record = read_record(journal.folder)
    assert record is not None
    assert record.document["status"] == "COMPLETED"


@pytest.mark.parametrize("room", [0, 100])
def test_a_run_that_finds_no_room_at_its_start_is_refused_and_leaves_nothing(
    begin: Begin, files_up_to: Limit, tmp_path: Path, room: int
) -> None:
    with files_up_to(room), pytest.raises(StoreError, match=r"Run 1 cannot be begun in .+: make room, or"):
        begin()
    assert not (tmp_path / "runs" / "1").exists()
    assert not list((tmp_path / "runs").glob("*/" + RUN))
    assert not list((tmp_path / "runs").glob("*/" + HEARTBEAT))
    assert begin().id in (1, 2)
