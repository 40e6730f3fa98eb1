"""The index of a folder of runs: what it saves, when it is written, what makes it nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.writer import RunJournal
from tracker.run import Run
from tracker.stores import files, index_file
from tracker.stores.files import FileStore
from tracker.stores.index import WORTH, Index
from tracker.stores.index_file import INDEX
from tracker.stores.sharing import Sharing

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOUR = 3_600_000_000_000  # nanoseconds
CONFIGS: tuple[dict[str, Any], ...] = (
    {"lr": 1, "on": True, "zero": 0.0, "by": {"name": "a"}},
    {"lr": 1.0, "on": 1, "zero": -0.0, "by": {"name": "a"}},
    {"zero": 0, "lr": True, "by": ["a", 1], "text": "π"},
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for config in CONFIGS:
        record = {"experiment": {"name": "tiny"}, "config": config, "host": {"hostname": "here"}}
        journal = RunJournal.start(tmp_path / "runs", record, now=NOON)
        journal.add_points("loss", [0, 1], [2.0, config["lr"]], [0, 1])
        journal.end("COMPLETED", NOON, result=0.5)
    return tmp_path / "runs"


def reader(store: Path, ahead: int = HOUR, worth: float = -1) -> FileStore:
    """A reader that finds every file old enough, and every index worth writing."""
    return FileStore(str(store), Index(store, lambda: time.time_ns() + ahead, worth))


def read(opened: FileStore) -> tuple[list[Run], dict[int | str, float]]:
    runs = list(opened.runs())
    return runs, opened.values(runs, "loss", "last")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the runs whose journal, and the metrics whose points, were read."""
    seen: list[str] = []

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def note(folder: Path, *rest: str) -> Any:
            seen.append("".join((folder.name, *rest)))
            return real(folder, *rest)

        return note

    monkeypatch.setattr(files, "read_record", noting(files.read_record))
    monkeypatch.setattr(files, "journaled_values", noting(files.journaled_values))
    return seen


def test_what_was_read_once_is_not_read_again(store: Path, opened: list[str]) -> None:
    before = read(reader(store))
    assert opened == ["1", "2", "3", "1loss", "2loss", "3loss"]
    assert repr(read(reader(store))) == repr(before)
    assert len(opened) == 6


def test_a_reader_that_stays_needs_no_file(store: Path, opened: list[str]) -> None:
    staying = reader(store, worth=WORTH)
    assert read(staying) == read(staying)
    assert len(opened) == 6
    assert not (store / INDEX).exists()


def test_only_the_run_that_is_new_is_read(store: Path, opened: list[str]) -> None:
    read(reader(store))
    del opened[:]
    RunJournal.start(store, {"config": {}}, now=NOON).end("COMPLETED", NOON)
    assert [run.id for run in read(reader(store))[0]] == [1, 2, 3, 4]
    assert opened == ["4", "4loss"]


def test_equal_numbers_of_other_types_stay_what_they_are(store: Path) -> None:
    read(reader(store))
    configs = [run.config for run in reader(store).runs()]
    assert list(map(repr, configs)) == list(map(repr, CONFIGS))


def test_a_running_run_is_always_read(store: Path, opened: list[str]) -> None:
    RunJournal.start(store, {"config": {}}, now=NOON)
    for _ in range(2):
        read(reader(store))
    assert opened.count("4") == opened.count("4loss") == 2


def test_a_file_that_is_young_may_change_unseen_and_is_read_again(store: Path, opened: list[str]) -> None:
    for _ in range(2):
        read(reader(store, ahead=0))
    assert len(opened) == 12


def test_parts_that_runs_share_are_one_object(store: Path) -> None:
    for _ in ("read", "taken from the index"):
        first, second, _ = reader(store).runs()
        assert first.host is second.host
        assert first.config["by"] is second.config["by"]


def test_what_is_large_is_a_runs_own_and_not_looked_through(store: Path) -> None:
    large = {f"key{at}": [at] for at in range(10_000)}
    run = replace(next(reader(store).runs()), info={"large": large, "small": {"a": [1]}})
    shared = Sharing().run(run)
    assert shared == run
    assert shared.info["large"] is large
    alone = Sharing().run(replace(run, info=large))
    assert alone.info is large


def test_whatever_byte_of_the_index_is_another_it_is_none(store: Path) -> None:
    truth = read(reader(store))
    content = (store / INDEX).read_bytes()
    for at in range(0, len(content), 7):
        (store / INDEX).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert not list(index_file.load(store))
        (store / INDEX).write_bytes(content[:at])
        assert not list(index_file.load(store))
    assert repr(read(reader(store))) == repr(truth)


def test_the_index_of_another_store_is_none(store: Path, tmp_path: Path) -> None:
    read(reader(store))
    other = tmp_path / "other"
    other.mkdir()
    (other / INDEX).write_bytes((store / INDEX).read_bytes())
    assert not list(index_file.load(other))


def test_what_other_code_wrote_is_none(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read(reader(store))
    assert list(index_file.load(store))
    monkeypatch.setattr(index_file, "_code", lambda: "of the next version")
    assert not list(index_file.load(store))


@pytest.mark.parametrize(
    "content", [[7], [{}], [[]], [["parts"], ["run", "1", 0, []]], [["other", 1, 2]], []]
)
def test_an_index_of_another_shape_is_none(store: Path, content: Any) -> None:
    truth = read(reader(store))
    index_file.save(store, content)
    assert repr(read(reader(store))) == repr(truth)


def test_an_index_that_cannot_be_written_is_no_error(store: Path) -> None:
    (store / INDEX).mkdir()
    assert len(read(reader(store))[0]) == 3
    assert not list((store / INDEX).iterdir())
    assert not list(store.glob(f".{INDEX}*"))


def test_a_small_store_gets_no_index(store: Path) -> None:
    read(FileStore(str(store)))
    assert not (store / INDEX).exists()


def test_runs_that_are_gone_leave_the_index(store: Path) -> None:
    read(reader(store))
    (store / "2").rename(store.parent / "elsewhere")
    RunJournal.start(store, {"config": {}}, now=NOON).end("COMPLETED", NOON)
    read(reader(store))
    assert sorted(name for kind, name, *_ in index_file.load(store) if kind == "run") == ["1", "3", "4"]


def test_many_may_write_it_at_once(store: Path) -> None:
    truth = repr(read(reader(store)))
    told: list[str] = []

    def look() -> None:
        for _ in range(10):
            (store / INDEX).unlink(missing_ok=True)
            told.append(repr(read(reader(store))))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(told) == {truth}
    assert not list(store.glob(f".{INDEX}*"))
