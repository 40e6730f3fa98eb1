"""Whatever becomes of a file that something was read from, a reader that stays sees it, and a new one too."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.heartbeat import beat
from tracker.journal.layout import CONFIG, INFO, JOURNAL, METRICS, POINTS, RUN
from tracker.journal.writer import RunJournal
from tracker.run import Run
from tracker.stores import signature
from tracker.stores.files import FileStore
from tracker.stores.index import Index

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = 3_600_000_000_000  # nanoseconds
TICK = 0.012  # seconds in which a file system may not tell two changes apart
Told = tuple[Run, dict[int | str, float]]


def reader(store: Path) -> FileStore:
    """A reader that finds every file old enough, and every index worth writing."""
    return FileStore(str(store), Index(store, lambda: time.time_ns() + HOUR, worth=-1))


def told(opened: FileStore) -> Told:
    (run,) = opened.runs()
    return run, opened.values([run], "loss", "last")


@pytest.fixture
def journaled(tmp_path: Path) -> Path:
    journal = RunJournal.start(tmp_path / "runs", {"config": {"lr": 1}}, now=NOON)
    journal.add_points("loss", [0, 1], [2.5, 1.5], [0, 1])
    (tmp_path / "image").write_text("first")
    journal.add_artifact("image", tmp_path / "image")
    journal.flush()
    journal.end("COMPLETED", NOON, result=0.5)
    return journal.folder


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """A run as Sacred's FileStorageObserver leaves it."""
    folder = tmp_path / "stock" / "1"
    folder.mkdir(parents=True)
    times = dict.fromkeys(("start_time", "heartbeat", "stop_time"), NOON.replace(tzinfo=None).isoformat())
    for name, content in (
        (RUN, {"status": "COMPLETED", "experiment": {"name": "tiny"}, "result": 0.5, **times}),
        (CONFIG, {"lr": 1}),
        (INFO, {"note": 1}),
        (METRICS, {"loss": {"steps": [0, 1], "values": [2.5, 1.5], "timestamps": []}}),
    ):
        (folder / name).write_text(json.dumps(content))
    return folder


def edit(path: Path, old: str, new: str) -> None:
    """In place, of the same size, and its time set back to what it was."""
    assert len(old) == len(new)
    time.sleep(TICK)
    before, text = path.stat(), path.read_text()
    assert old in text
    with path.open("r+") as file:
        file.write(text.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def after(folder: Path, change: Callable[[], Any]) -> Told:
    """What is told after a change by a reader that looked before it; another one must tell the same."""
    staying = reader(folder.parent)
    assert told(staying) == told(staying)
    change()
    found = told(staying)
    assert (
        found == told(reader(folder.parent)) == told(FileStore(str(folder.parent), Index(Path("/nowhere"))))
    )
    return found


@pytest.mark.parametrize(
    ("file", "old", "new", "seen"),
    [
        (RUN, '"result": 0.5', '"result": 0.7', lambda run, _: run.result == 0.7),
        (RUN, "COMPLETED", "INTERRUPT", lambda run, _: run.status != "COMPLETED"),
        (CONFIG, '"lr": 1', '"lr": 2', lambda run, _: run.config["lr"] == 2),
        (INFO, '"note": 1', '"note": 2', lambda run, _: run.info["note"] == 2),
        (METRICS, "1.5", "3.5", lambda _, numbers: numbers == {1: 3.5}),
    ],
)
def test_a_file_of_stock_sacreds_that_was_edited_in_place_is_read_again(
    stock: Path, file: str, old: str, new: str, seen: Callable[[Run, dict[int | str, float]], bool]
) -> None:
    assert seen(*after(stock, lambda: edit(stock / file, old, new)))


@pytest.mark.parametrize(
    ("file", "old", "new", "seen"),
    [
        (JOURNAL, '"result":0.5', '"result":0.7', lambda run, _: run.result == 0.7),
        (POINTS, "1.5", "3.5", lambda _, numbers: numbers == {1: 3.5}),
    ],
)
def test_a_journal_that_was_edited_in_place_is_read_again(
    journaled: Path, file: str, old: str, new: str, seen: Callable[[Run, dict[int | str, float]], bool]
) -> None:
    assert seen(*after(journaled, lambda: edit(journaled / file, old, new)))


def test_a_heart_that_beats_once_more_is_heard(journaled: Path) -> None:
    later = NOON + timedelta(seconds=9)
    run, _ = after(journaled, lambda: (time.sleep(TICK), beat(journaled, later)))
    assert run.heartbeat == later


def test_metrics_that_were_written_anew_are_read_again(journaled: Path) -> None:
    def rewrite() -> None:
        other = journaled / ".other"
        other.write_bytes((journaled / POINTS).read_bytes().replace(b"1.5", b"3.5"))
        other.replace(journaled / POINTS)

    assert after(journaled, rewrite)[1] == {1: 3.5}


def test_a_folder_in_place_of_another_is_read(journaled: Path, tmp_path: Path) -> None:
    def replace() -> None:
        shutil.copytree(journaled, tmp_path / "copy")
        edit(tmp_path / "copy" / JOURNAL, '"lr":1', '"lr":2')
        shutil.rmtree(journaled)
        (tmp_path / "copy").rename(journaled)

    assert after(journaled, replace)[0].config == {"lr": 2}


@pytest.mark.parametrize("lost", [JOURNAL, POINTS])
def test_a_lost_file_leaves_what_sacreds_files_tell(journaled: Path, lost: str) -> None:
    edited = {JOURNAL: (CONFIG, '"lr": 1', '"lr": 2'), POINTS: (METRICS, "1.5", "3.5")}[lost]
    edit(journaled / edited[0], *edited[1:])
    run, numbers = after(journaled, (journaled / lost).unlink)
    assert (run.config["lr"], numbers) == ((2, {1: 1.5}) if lost == JOURNAL else (1, {1: 3.5}))


def test_a_journal_that_tells_nothing_lets_sacreds_files_tell_and_change(stock: Path) -> None:
    (stock / JOURNAL).touch()
    run, _ = after(stock, lambda: edit(stock / RUN, '"result": 0.5', '"result": 0.7'))
    assert run.result == 0.7


def test_points_that_cannot_be_read_let_sacreds_file_tell_and_change(stock: Path) -> None:
    (stock / POINTS).mkdir()
    assert after(stock, lambda: edit(stock / METRICS, "1.5", "3.5"))[1] == {1: 3.5}


def test_an_artifact_is_read_as_it_is(journaled: Path) -> None:
    staying = reader(journaled.parent)
    run, _ = told(staying)
    edit(journaled / "image", "first", "other")
    with staying.artifact(run, "image") as file:
        assert file.read() == b"other"


def test_a_run_that_is_known_costs_a_look_at_each_of_three_files(
    journaled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    staying = reader(journaled.parent)
    told(staying)
    (journaled / "of somebody else's").touch()
    asked: list[str] = []
    real = signature._stat
    monkeypatch.setattr(signature, "_stat", lambda path: asked.append(path) or real(path))
    monkeypatch.setattr("tracker.stores.files.read_record", None)
    told(staying)
    assert sorted(Path(path).name for path in asked) == ["heartbeat", JOURNAL, POINTS]
