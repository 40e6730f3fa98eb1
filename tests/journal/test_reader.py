"""Whatever is found in a run's folder, there is a record of it, a fault, or nothing; never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tracker.errors import StoreError
from tracker.journal.document import document_from
from tracker.journal.events import events
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS, VERSION
from tracker.journal.reader import (
    Record,
    metric_names,
    new_points,
    read_output,
    read_points,
    read_record,
    read_values,
)
from tracker.journal.writer import RunJournal

Begin = Callable[..., RunJournal]
LATER = datetime(2026, 11, 21, 13, tzinfo=UTC)


def append(path: Path, content: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def read(folder: Path) -> Record:
    found = read_record(folder)
    assert found is not None
    return found


def test_a_folder_without_a_run_holds_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        assert read_record(folder) is None
        assert (metric_names(folder), read_points(folder, "loss").values) == ((), [])
        assert (new_points(folder, 0), read_output(folder)) == (([], 0), "")
        assert read_values(folder, "a") == ([], None)


@pytest.mark.parametrize("name", ["n" * 300, "a\0b", "\ud800"])
def test_a_name_that_no_folder_can_have_is_no_runs(tmp_path: Path, name: str) -> None:
    assert read_record(tmp_path / name) is None


@pytest.mark.parametrize(
    "content", ["", "{", '{"event":"started","time":"2026-11-21T12:00', "[]\n5\n", '{"event":"info"}\n']
)
def test_a_journal_that_tells_of_no_start_is_no_run_yet(tmp_path: Path, content: str) -> None:
    (tmp_path / JOURNAL).write_text(content)
    assert read_record(tmp_path) is None


def test_the_lines_that_are_no_events_are_passed_over(begin: Begin) -> None:
    journal = begin()
    before = read(journal.folder)
    append(
        journal.folder / JOURNAL,
        b'{"event": "sta\n\xff\xfe\nnull\n{"event":"tomorrow"}\n{"event":["x"]}\n{}\n',
    )
    append(journal.folder / JOURNAL, '{"event":"ended","status":"COMPL')
    assert read(journal.folder) == before


@pytest.mark.parametrize("version", [VERSION + 1, "2", None, 1.5])
def test_a_journal_of_another_version_is_a_fault_beside_what_sacreds_files_tell(
    begin: Begin, version: Any
) -> None:
    folder = begin().folder
    first = json.loads((folder / JOURNAL).read_text())
    (folder / JOURNAL).write_text(json.dumps({**first, "version": version}) + "\n")
    words = f"the journal is of version {version}, this tracker reads up to {VERSION}: update the tracker"
    found = read(folder)
    assert (found.fault, found.document["experiment"]["name"]) == (words, "tiny")
    (folder / "run.json").unlink()
    assert read(folder).fault == words


def test_a_journal_that_cannot_be_read_is_a_fault(begin: Begin) -> None:
    folder = begin().folder
    (folder / JOURNAL).unlink()
    (folder / JOURNAL).mkdir()
    assert read(folder).fault == "journal.jsonl cannot be read (Is a directory)"


def test_without_its_journal_a_run_is_what_sacreds_files_tell(begin: Begin) -> None:
    journal = begin()
    journal.add_points("loss", [0], [0.5], [10**15])
    journal.end("COMPLETED", LATER, result=3)
    whole = read(journal.folder)
    for name in (JOURNAL, POINTS, "heartbeat"):
        (journal.folder / name).unlink()
    found = read(journal.folder)
    assert (found.journaled, found.fault) == (False, "")
    for name in ("status", "result", "config", "info", "start_time", "stop_time", "heartbeat", "experiment"):
        assert found.document[name] == whole.document[name]
    assert read_points(journal.folder, "loss").times == [10**15]
    assert read_values(journal.folder, "loss") == ([0.5], 0)


def test_a_heartbeat_that_is_torn_or_missing_leaves_the_start(begin: Begin) -> None:
    folder = begin().folder
    for content in (b"2026-11-21T", b"", b"\xff"):
        (folder / "heartbeat").write_bytes(content)
        assert read(folder).document["heartbeat"] is None
    (folder / "heartbeat").unlink()
    assert read(folder).document["heartbeat"] is None


GOOD = b'{"name":"a","steps":[1,2],"values":[3,4],"start":5,"deltas":[0,1]}\n'


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"null",
        b'{"name":"a","steps":[1]}',
        b'{"name":"a","steps":[1],"values":[],"start":0,"deltas":[]}',
        b'{"name":"a","steps":[1],"values":[1],"start":"x","deltas":[0]}',
        b'{"name":"a","steps":5,"values":[1]',
        b"\xff" * 9,
    ],
)
def test_lines_that_hold_no_points_are_passed_over(tmp_path: Path, line: bytes) -> None:
    (tmp_path / POINTS).write_bytes(GOOD + line + b"\n" + GOOD + b'{"name":"b","steps":[1],"val')
    assert read_points(tmp_path, "a").steps == [1, 2, 1, 2]
    assert metric_names(tmp_path) == ("a",)
    assert [batch.steps for batch in new_points(tmp_path, 0)[0]] == [[1, 2], [1, 2]]


def test_new_points_come_by_whole_lines_from_where_the_last_ended(tmp_path: Path) -> None:
    assert new_points(tmp_path, 0) == ([], 0)
    append(tmp_path / POINTS, GOOD * 10 + GOOD[:20])
    found, places = 0, [0]
    while (got := new_points(tmp_path, places[-1], limit_bytes=2 * len(GOOD)))[0]:
        found += len(got[0])
        places.append(got[1])
    assert (found, places[-1], len(places) > 4) == (10, 10 * len(GOOD), True)
    append(tmp_path / POINTS, GOOD[20:])
    ((batch,), end) = new_points(tmp_path, places[-1], limit_bytes=1)
    assert (batch.times, end) == ([5, 6], 11 * len(GOOD))


def test_points_that_cannot_be_read_are_an_error_for_whoever_copies_them(tmp_path: Path) -> None:
    (tmp_path / POINTS).mkdir()
    with pytest.raises(StoreError, match=r"points.jsonl cannot be read \(Is a directory\)"):
        new_points(tmp_path, 0)
    assert (read_points(tmp_path, "a").values, metric_names(tmp_path)) == ([], ())


def test_output_that_is_no_text_is_read_all_the_same(tmp_path: Path) -> None:
    (tmp_path / OUTPUT).write_bytes(b"na\xe9\n")
    assert read_output(tmp_path) == "na\ufffd\n"


json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
fields = some.sampled_from(
    ["time", "set", "removed", "name", "file", "path", "sources", "status", "record", "version", "uuid"]
)
names = some.sampled_from(["info", "facts", "artifact", "resource", "sources", "ended", "queued", "started"])
strange_events = some.builds(
    lambda name, more: {**more, "event": name, "version": 1}, names, some.dictionaries(fields, json_values)
)


@pytest.mark.unwatched
@given(some.lists(strange_events, max_size=6))
def test_events_of_any_shape_make_a_document_or_none(strange: list[dict[str, Any]]) -> None:
    started = {"event": "started", "version": 1, "time": "2026-11-21T12:00:00+00:00", "uuid": "5eed"}
    document = document_from([started, *strange])
    assert document is not None
    assert isinstance(document["info"]["tracker"], dict)


@given(some.binary(max_size=200))
def test_any_bytes_are_a_journal_of_some_events(content: bytes) -> None:
    assert all(isinstance(event, dict) for event in events(content))


def test_wherever_a_kill_cut_the_files_off_what_came_before_is_read(begin: Begin, tmp_path: Path) -> None:
    journal = begin()
    journal.add_points("loss", [0, 1], [0.5, 0.25], [10**15] * 2)
    journal.flush()
    journal.add_points("loss", [2], [0.125], [10**15])
    journal.note_info({"note": "é"})
    journal.end("COMPLETED", LATER)
    cut = tmp_path / "cut"
    cut.mkdir()
    points, told = (journal.folder / POINTS).read_bytes(), (journal.folder / JOURNAL).read_bytes()
    for end in range(len(points)):
        (cut / POINTS).write_bytes(points[:end])
        assert read_points(cut, "loss").steps == [0, 1, 2][: 2 * points[:end].count(b"\n")]
        assert new_points(cut, 0)[1] == points[:end].rfind(b"\n") + 1
    for end in range(len(told)):
        (cut / JOURNAL).write_bytes(told[:end])
        found = read_record(cut)
        assert (found is None) == (b"\n" not in told[:end])
        assert found is None or (found.fault, found.document["status"]) == ("", "RUNNING")


def test_a_line_that_was_torn_and_ended_since_costs_itself(begin: Begin) -> None:
    folder = begin().folder
    append(folder / JOURNAL, b'{"event":"info","time":"2026')
    append(folder / POINTS, b'{"name":"loss","steps":[0],"val')
    again = RunJournal(folder, 1, "5eed")
    again.add_points("loss", [1], [0.5], [10**15])
    again.note_info({"note": 1})
    again.flush()
    assert read_points(folder, "loss").steps == [1]
    assert (read(folder).document["info"]["note"], read(folder).fault) == (1, "")
