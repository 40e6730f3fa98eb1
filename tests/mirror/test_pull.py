"""Runs of a server are brought into a folder."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mirror.make_runs import NOON, begin, end, log, make_run
from tests.mirror.proxy import Proxy
from tests.mirror.test_push import observe
from tracker.errors import StoreError, UnknownRunError
from tracker.journal.reader import read_output, read_record
from tracker.mirror.pull import pull
from tracker.mirror.push import push
from tracker.stores import open_store

pytestmark = pytest.mark.mongo


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Another folder for runs, not there yet."""
    return tmp_path / "copy"


def test_a_run_that_was_pushed_and_pulled_is_the_same(
    store: Path, copy: Path, tmp_path: Path, mongo_address: str
) -> None:
    make_run(store, tmp_path)
    make_run(store, tmp_path, points=25_000, status="INTERRUPTED")
    push(store, mongo_address)
    told = pull(mongo_address, copy)
    assert [(one.run, one.arrived, one.written, one.trouble) for one in told] == [
        ("1", "1", True, ""),
        ("2", "2", True, ""),
    ]
    here, there = open_store(str(store)), open_store(str(copy))
    assert list(there.runs()) == list(here.runs())
    for run in here.runs():
        assert there.metrics(run) == here.metrics(run)
        for name in here.metrics(run):
            assert there.series(run, name) == here.series(run, name)
        for file in ("run.json", "config.json", "info.json", "metrics.json", "cout.txt", "picture.png"):
            assert (copy / str(run.id) / file).read_bytes() == (store / str(run.id) / file).read_bytes()
    for kind in ("_sources", "_resources"):
        assert files_of(copy / kind) == files_of(store / kind) != {}
    assert not list(copy.glob(".pull-*"))


def test_a_repeated_pull_does_nothing(store: Path, copy: Path, tmp_path: Path, mongo_address: str) -> None:
    make_run(store, tmp_path)
    push(store, mongo_address)
    pull(mongo_address, copy)
    before = files_of(copy / "1")
    (again,) = pull(mongo_address, copy)
    (original,) = pull(mongo_address, store)
    assert not again.written
    assert not original.written
    assert files_of(copy / "1") == before


def test_long_output_comes_back_whole(store: Path, copy: Path, mongo_address: str) -> None:
    journal = begin(store)
    journal.add_output("".join(f"line {number} é\n" for number in range(50_000)))
    end(journal)
    push(store, mongo_address)
    pull(mongo_address, copy)
    assert read_output(copy / "1") == read_output(store / "1")
    assert read_record(copy / "1").document["artifacts"] == []  # type: ignore[union-attr]


def test_a_number_that_is_taken_is_exchanged_for_the_next(
    store: Path, copy: Path, tmp_path: Path, mongo_address: str
) -> None:
    make_run(store, tmp_path)
    push(store, mongo_address)
    for _ in range(3):
        make_run(copy, tmp_path)
    (transfer,) = pull(mongo_address, copy)
    assert (transfer.run, transfer.arrived) == ("1", "4")
    original, pulled = open_store(str(store)).run(1), open_store(str(copy)).run(4)
    assert replace(pulled, id=1) == original
    assert not pull(mongo_address, copy)[0].written


def test_a_run_of_stock_sacred_comes_with_its_files(
    copy: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    observe(tmp_path / "stock", tmp_path, database)
    (transfer,) = pull(mongo_address, copy)
    assert (transfer.written, transfer.trouble) == (True, "")
    (pulled,) = open_store(str(copy)).runs()
    (stock,) = open_store(mongo_address).runs()
    facts = pulled.info["tracker"]
    assert replace(pulled, info={"note": 1}) == stock
    assert (copy / "1" / "picture.png").read_bytes() == b"png" * 1000
    assert len(files_of(copy / "_sources")) == 1
    assert open_store(str(copy)).series(pulled, "loss") == open_store(mongo_address).series(stock, "loss")
    assert set(facts) == {"uuid", "elapsed", "left_out"}  # Sacred keeps no copy of resources there
    assert not push(copy, mongo_address)[0].written
    assert not pull(mongo_address, tmp_path / "stock")[0].written


def test_dead_and_queued_runs_are_pulled_as_they_are(
    store: Path, copy: Path, database: Any, mongo_address: str
) -> None:
    journal = begin(store)
    log(journal, "loss", [1.0])
    push(store, mongo_address)
    database.runs.insert_one(
        {"_id": 2, "status": "QUEUED", "config": {"lr": 1}, "experiment": {"name": "later"}}
    )
    pull(mongo_address, copy)
    dead, queued = open_store(str(copy)).runs()
    assert (dead.status, dead.heartbeat, dead.state(datetime.now(UTC))) == ("RUNNING", NOON, "dead")
    assert (queued.status, queued.started, queued.config) == ("QUEUED", None, {"lr": 1})
    assert not any(one.written for one in pull(mongo_address, copy))


def test_a_run_that_was_pulled_while_it_went_is_pulled_again_when_it_has_gone_on(
    store: Path, copy: Path, mongo_address: str
) -> None:
    journal = begin(store)
    log(journal, "loss", [1.0])
    push(store, mongo_address)
    pull(mongo_address, copy)
    assert not pull(mongo_address, copy)[0].written
    log(journal, "loss", [2.0], 1)
    journal.beat(NOON + timedelta(seconds=20))
    push(store, mongo_address)
    assert not pull(mongo_address, store)[0].written  # the run itself
    assert pull(mongo_address, copy)[0].written
    end(journal)
    push(copy, mongo_address)
    push(store, mongo_address)
    assert pull(mongo_address, copy)[0].written
    assert list(open_store(str(copy)).runs()) == list(open_store(str(store)).runs())
    assert sorted(path.name for path in copy.iterdir() if path.name[0] != "_") == ["1"]


def test_named_runs_alone_are_pulled(store: Path, copy: Path, tmp_path: Path, mongo_address: str) -> None:
    for _ in range(2):
        make_run(store, tmp_path)
    push(store, mongo_address)
    pull(mongo_address, copy, ["2"])
    assert [run.id for run in open_store(str(copy)).runs()] == [2]
    with pytest.raises(UnknownRunError, match="Run 5 is not in"):
        pull(mongo_address, copy, ["5"])


def test_what_a_killed_pull_left_is_no_run_and_is_cleared(
    store: Path, copy: Path, tmp_path: Path, mongo_address: str
) -> None:
    journal = make_run(store, tmp_path)
    push(store, mongo_address)
    half = copy / f".pull-{journal.uuid}" / "run"
    half.mkdir(parents=True)
    (half / "journal.jsonl").write_text(json.dumps({"event": "started"}), encoding="utf-8")
    assert list(open_store(str(copy)).runs()) == []
    pull(mongo_address, copy)
    assert [run.id for run in open_store(str(copy)).runs()] == [1]
    assert not list(copy.glob(".pull-*"))


def test_a_file_that_is_gone_from_the_server_costs_itself_alone(
    store: Path, copy: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    make_run(store, tmp_path)
    push(store, mongo_address)
    (picture,) = [file["_id"] for file in database.fs.files.find({}) if "picture" in file["filename"]]
    database.fs.chunks.delete_many({"files_id": picture})
    pull(mongo_address, copy)
    (run,) = open_store(str(copy)).runs()
    assert run.info["tracker"]["left_out"] == ["artifact picture.png is not in the database as a whole"]


def test_a_target_that_is_a_file_is_refused(store: Path, tmp_path: Path, mongo_address: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for target in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(StoreError, match="is a file: name the folder"):
            pull(mongo_address, target)


def test_a_server_that_goes_away_is_told_and_leaves_no_half_run(
    store: Path, copy: Path, tmp_path: Path, proxy: Proxy, through: Any, mongo_address: str
) -> None:
    for _ in range(3):
        make_run(store, tmp_path)
    push(store, mongo_address)

    def report(_transfer: Any, done: int, _total: int) -> None:
        if done == 1:
            proxy.refuse()

    with pytest.raises(StoreError, match=r"answers no more: run 2 and those after it are not pulled"):
        pull(through("serverSelectionTimeoutMS=300"), copy, report=report)
    assert [run.id for run in open_store(str(copy)).runs()] == [1]
    assert not list(copy.glob(".pull-*"))
    pull(mongo_address, copy)
    assert list(open_store(str(copy)).runs()) == list(open_store(str(store)).runs())


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
