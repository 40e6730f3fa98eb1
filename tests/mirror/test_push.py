"""Runs that were recorded without a server are brought to one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mirror.make_runs import NOON, begin, log, make_run
from tests.mirror.proxy import Proxy
from tests.mirror.schema import faults
from tests.mirror.test_copy import everything
from tracker.errors import StoreError, UnknownRunError
from tracker.mirror.push import push
from tracker.stores import open_store

pytestmark = pytest.mark.mongo

COMMAND = (sys.executable, "-c", "from tracker.cli import main; main()", "push")


def count_all(database: Any) -> list[int]:
    names = ("runs", "metrics", "tracker_points", "fs.files")
    return [len(list(database[name].find({}))) for name in names]


def test_a_folder_is_pushed_once(store: Path, tmp_path: Path, database: Any, mongo_address: str) -> None:
    for _ in range(3):
        make_run(store, tmp_path)
    first = push(store, mongo_address)
    assert [(one.run, one.arrived, one.written) for one in first] == [
        (f"{id}", f"{id}", True) for id in (1, 2, 3)
    ]
    before = everything(database)
    assert not any(one.written for one in push(store, mongo_address))
    assert everything(database) == before
    assert faults(database) == []


def test_the_named_runs_alone_are_pushed(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    for _ in range(3):
        make_run(store, tmp_path)
    push(store, mongo_address, ["1", "2"])
    assert sorted(run["_id"] for run in database.runs.find({})) == [1, 2]
    with pytest.raises(UnknownRunError, match="Run 9 is not in"):
        push(store, mongo_address, ["3", "9"])
    assert len(list(database.runs.find({}))) == 2


def test_a_dead_run_stays_dead_and_a_run_that_goes_goes(
    store: Path, database: Any, mongo_address: str
) -> None:
    begin(store)
    begin(store, now=datetime.now(UTC))
    push(store, mongo_address)
    dead, alive = open_store(mongo_address).runs()
    now = datetime.now(UTC)
    assert (dead.status, dead.heartbeat, dead.state(now)) == ("RUNNING", NOON, "dead")
    assert (alive.status, alive.state(now)) == ("RUNNING", "running")


def test_what_stock_sacred_recorded_is_pushed_with_its_files(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    observe(store, tmp_path)
    (transfer,) = push(store, mongo_address)
    assert (transfer.written, transfer.trouble) == (True, "")
    (run,) = open_store(mongo_address).runs()
    (here,) = open_store(str(store)).runs()
    assert (run.config, run.result, run.status, run.started) == (
        here.config,
        here.result,
        here.status,
        here.started,
    )
    document = database.runs.find_one({})
    assert [name for name, _ in document["experiment"]["sources"]] == [str(tmp_path / "tiny.py")]
    assert [told["name"] for told in document["artifacts"]] == ["picture.png"]
    assert len(document["resources"]) == 1
    assert document["captured_out"] == "printed\n"
    assert document["info"]["tracker"]["not_finite"] == [
        {"metric": "loss", "first": 2, "last": 2, "count": 1}
    ]
    assert open_store(mongo_address).series(run, "loss").values == (0.5, 0.25)
    assert faults(database) == []
    assert not any(one.written for one in push(store, mongo_address))


def test_a_run_that_sacred_recorded_in_both_places_is_there_already(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    observe(store, tmp_path, database)
    before = everything(database)
    (transfer,) = push(store, mongo_address)
    assert (transfer.written, transfer.trouble) == (False, "")
    assert [run["_id"] for run in database.runs.find({})] == [1]
    assert everything(database)["metrics"] == before["metrics"]


def test_two_processes_that_push_the_same_runs_bring_each_once(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    for points in (3, 10_500, 3, 3, 3, 3):
        make_run(store, tmp_path, points=points)
    command = [*COMMAND, "--from", str(store), "--to", mongo_address]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert faults(database) == []
    # sources and resources are one; each run has its picture
    assert count_all(database) == [6, 12, 4, 8]
    assert list(open_store(mongo_address).runs()) == list(open_store(str(store)).runs())


def test_a_push_that_was_killed_is_repeated(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    for points in (10_500, 3, 3, 3, 10_500, 3):
        make_run(store, tmp_path, points=points)
    command = [*COMMAND, "--from", str(store), "--to", mongo_address]
    for seconds in (0.6, 0.8, 1.0):
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    push(store, mongo_address)
    assert faults(database) == []
    assert count_all(database) == [6, 12, 8, 8]
    assert list(open_store(mongo_address).runs()) == list(open_store(str(store)).runs())


def test_answers_may_be_lost_while_runs_are_pushed(
    store: Path, tmp_path: Path, database: Any, mongo_address: str, proxy: Proxy, through: Callable[..., str]
) -> None:
    for points in (3, 10_500, 3):
        make_run(store, tmp_path, points=points)
    proxy.cut_every = 5
    assert [one.trouble for one in push(store, through())] == ["", "", ""]
    assert proxy.cuts > 5
    assert faults(database) == []
    assert count_all(database) == [3, 6, 4, 5]


def test_a_server_that_goes_away_for_good_is_told(
    store: Path, tmp_path: Path, proxy: Proxy, through: Any
) -> None:
    for _ in range(3):
        make_run(store, tmp_path)

    def report(_transfer: Any, done: int, _total: int) -> None:
        if done == 2:
            proxy.refuse()

    with pytest.raises(StoreError, match=r"answers no more: 2 of 3 runs are there; repeat the command"):
        push(store, through("serverSelectionTimeoutMS=300"), report=report)


def test_half_a_run_and_one_of_a_newer_tracker_are_named(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    make_run(store, tmp_path)
    newer = make_run(store, tmp_path).folder / "journal.jsonl"
    newer.write_text(
        newer.read_text(encoding="utf-8").replace('"version":1', '"version":2'), encoding="utf-8"
    )
    (store / "3").mkdir()
    (store / "4").mkdir()
    (store / "4" / "run.json").write_text('{"experiment": {"na', encoding="utf-8")
    (store / "plots").mkdir()
    first, *others = push(store, mongo_address)
    assert first.trouble == ""
    assert [one.run for one in others] == ["2", "3", "4"]
    assert "version 2, this tracker reads up to 1: update the tracker" in others[0].trouble
    assert "holds no run" in others[1].trouble
    assert "run.json is torn" in others[2].trouble
    assert len(list(database.runs.find({}))) == 1


def test_a_store_that_is_a_file_or_missing_is_refused(tmp_path: Path, mongo_address: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StoreError, match="is a file: name the folder"):
        push(tmp_path / "file", mongo_address)
    with pytest.raises(StoreError, match="is not there: name the folder"):
        push(tmp_path / "missing", mongo_address)


def test_points_that_come_after_a_push_are_brought_by_the_next(store: Path, mongo_address: str) -> None:
    journal = begin(store)
    log(journal, "loss", [1.0])
    push(store, mongo_address)
    log(journal, "loss", [2.0], 1)
    (transfer,) = push(store, mongo_address)
    assert transfer.written
    there = open_store(mongo_address)
    assert there.series(there.run(1), "loss").values == (1.0, 2.0)


def observe(store: Path, tmp_path: Path, database: Any = None) -> None:
    """A run as Sacred's own observers record it, in a folder and perhaps in a database."""
    from sacred.observers import FileStorageObserver, MongoObserver

    source, data, picture = tmp_path / "tiny.py", tmp_path / "data.csv", tmp_path / "picture.png"
    source.write_text("print('tiny')\n", encoding="utf-8")
    data.write_text("1,2\n", encoding="utf-8")
    picture.write_bytes(b"png" * 1000)
    observers: list[Any] = [FileStorageObserver(store)]
    if database is not None:
        observers.append(MongoObserver(client=database.client, db_name=database.name))
    naive = NOON.replace(tzinfo=None, microsecond=250_000)
    experiment = {"name": "tiny", "base_dir": str(tmp_path), "dependencies": [], "mainfile": "tiny.py"}
    points = {"steps": [0, 1, 2], "values": [0.5, 0.25, float("nan")], "timestamps": [naive] * 3}
    if database is not None:  # this server stores no NaN
        points = {name: some[:2] for name, some in points.items()}
    for observer in observers:
        details = {**experiment, "sources": [(str(source), "digest")], "repositories": []}
        observer.started_event(
            details, "main", {"hostname": "here"}, naive, {"lr": 0.1, "pair": (1, 2)}, {}, 1
        )
        observer.resource_event(str(data))
        observer.artifact_event("picture.png", str(picture))
        if database is None or isinstance(observer, FileStorageObserver):
            observer.log_metrics({"loss": points}, {})
        observer.heartbeat_event({"note": 1}, "printed\n", naive + timedelta(seconds=5), None)
        observer.completed_event(naive + timedelta(seconds=9), {"accuracy": 91.5})
