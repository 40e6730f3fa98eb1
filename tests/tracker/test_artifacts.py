"""The files that runs left, read from every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from tracker.errors import StoreError
from tracker.export.runs import render_run
from tracker.journal.writer import RunJournal
from tracker.stores import RunStore, open_store

NOON = datetime(2026, 1, 1, 12)
FILES = {"weights.bin": b"\x00\xff" * 1000, "notes.txt": b"fine"}


@pytest.fixture(params=["journal", "files", pytest.param("mongo", marks=pytest.mark.mongo)])
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunStore]:
    """A store with one run that left two files."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    runs = tmp_path / "runs"
    if request.param == "journal":
        journal = RunJournal.start(runs, {"experiment": {"name": "tiny"}}, now=NOON.replace(tzinfo=UTC))
        for name in FILES:
            journal.add_artifact(name, tmp_path / name)
        journal.end("COMPLETED", NOON.replace(tzinfo=UTC))
        yield open_store(str(runs))
    elif request.param == "files":
        from sacred.observers import FileStorageObserver

        _record(FileStorageObserver(runs), tmp_path)
        yield open_store(str(runs))
    else:
        from pymongo import MongoClient
        from sacred.observers import MongoObserver

        address = request.getfixturevalue("mongo_address")
        with MongoClient[dict[str, Any]](address) as client:
            _record(MongoObserver(client=client, db_name=urlsplit(address).path.strip("/")), tmp_path)
            yield open_store(address)


def _record(observer: Any, folder: Path) -> None:
    experiment = {"name": "tiny", "base_dir": "/nowhere", "sources": [], "dependencies": []}
    observer.started_event(experiment, "main", {}, NOON, {}, {"options": {}}, None)
    for name in FILES:
        observer.artifact_event(name, str(folder / name))
    observer.completed_event(NOON, None)


def test_a_run_gives_back_what_it_left(left: RunStore) -> None:
    (run,) = left.runs()
    assert left.artifacts(run) == ("notes.txt", "weights.bin")
    for name, content in FILES.items():
        with left.artifact(run, name) as file:
            assert file.read() == content


def test_an_unknown_name_is_told_with_the_known_ones(left: RunStore) -> None:
    (run,) = left.runs()
    with pytest.raises(StoreError, match=r"Run 1 has no artifact 'x'; it has notes\.txt, weights\.bin\."):
        left.artifact(run, "x")


def test_a_file_that_is_gone_is_told(left: RunStore, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    (run,) = left.runs()
    place = tmp_path / "runs" / "1" / "notes.txt"
    if place.exists():
        place.unlink()
    else:
        from bson import ObjectId
        from pymongo import MongoClient

        other = [{"name": "notes.txt", "file_id": ObjectId()}]
        with MongoClient[dict[str, Any]](request.getfixturevalue("mongo_address")) as client:
            client.get_default_database().runs.update_one({"_id": 1}, {"$set": {"artifacts": other}})
    with pytest.raises(StoreError, match=r"Artifact 'notes\.txt' of run 1 is recorded, but its file is gone"):
        left.artifact(run, "notes.txt")


def test_a_record_cannot_point_outside_its_folder(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    (runs / "1").mkdir(parents=True)
    (tmp_path / "secret").write_text("s")
    (runs / "1" / "run.json").write_text('{"status": "COMPLETED", "artifacts": ["../../secret"]}')
    (runs / "1" / "config.json").write_text("{}")
    store = open_store(str(runs))
    (run,) = store.runs()
    with pytest.raises(StoreError, match="its file is gone"):
        store.artifact(run, "../../secret")


def test_a_run_without_artifacts_says_so(tmp_path: Path) -> None:
    journal = RunJournal.start(tmp_path, {"experiment": {"name": "tiny"}}, now=NOON.replace(tzinfo=UTC))
    journal.end("COMPLETED", NOON.replace(tzinfo=UTC))
    store = open_store(str(tmp_path))
    (run,) = store.runs()
    assert store.artifacts(run) == ()
    with pytest.raises(StoreError, match="it has none"):
        store.artifact(run, "x")


def test_a_run_is_shown_with_the_names_of_its_files(left: RunStore) -> None:
    console = Console(record=True, width=100)

    render_run(left.run(1), left, NOON.replace(tzinfo=UTC), console)

    shown = console.export_text()
    assert "artifacts" in shown
    assert all(name in shown for name in FILES)
