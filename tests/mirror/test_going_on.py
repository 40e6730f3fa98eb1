"""Runs that went on after an interruption, in MongoDB: what was lost is gone there, too."""

from __future__ import annotations

import random
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mirror.make_runs import NOON, begin, end, log
from tests.mirror.nx import OwnServer
from tests.mirror.schema import faults
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal
from tracker.mirror.copy import Copy
from tracker.mirror.mirror import open_mirror
from tracker.mirror.pull import pull
from tracker.mirror.push import push
from tracker.stores import open_store

pytestmark = pytest.mark.mongo


def resume(journal: RunJournal, minutes: float = 10) -> ResumedJournal:
    part = {"host": "there", "code": {"commit": "abc"}}
    now, said = NOON + timedelta(minutes=minutes), list[str]()
    return ResumedJournal.resume(journal.folder, journal.id, journal.uuid, part, now=now, warn=said.append)


def copied(folder: Path, database: Any) -> Copy:
    copy = Copy(folder, database)
    copy.advance(whole=True)
    return copy


def assert_same(store: Path, address: str, database: Any) -> None:
    """The folder and the server tell the same of every run, and Omniboard is shown no more."""
    here, there = open_store(str(store)), open_store(address)
    for run in here.runs():
        assert there.run(run.id) == run
        assert there.metrics(run) == here.metrics(run)
        for name in here.metrics(run):
            assert there.series(run, name) == here.series(run, name)
            for reduction in ("last", "mean", "max"):
                assert there.values([run], name, reduction) == here.values([run], name, reduction)
        document = database.runs.find_one({"_id": run.id})
        assert sorted(link["name"] for link in document["info"]["metrics"]) == sorted(here.metrics(run))
        assert database.metrics.count_documents({"run_id": run.id}) == len(here.metrics(run))
    assert faults(database) == []


def interrupted(store: Path) -> RunJournal:
    """A run whose state was saved at step 2, that told more, and was interrupted."""
    journal = begin(store)
    log(journal, "loss", [1.0, 0.5], first=1)
    journal.add_output("first\n")
    journal.settle(2)
    log(journal, "loss", [0.4, 0.3], first=3)
    log(journal, "only.lost", [1.0], first=3)
    end(journal, "INTERRUPTED")
    return journal


def test_an_interrupted_run_goes_on_in_its_own_document(
    store: Path, database: Any, mongo_address: str
) -> None:
    first = interrupted(store)
    copied(first.folder, database)
    assert database.runs.find_one({})["status"] == "INTERRUPTED"

    second = resume(first)
    copied(first.folder, database)
    document = database.runs.find_one({})
    assert document["status"] == "RUNNING"
    assert not {"stop_time", "result"} & document.keys()
    assert_same(store, mongo_address, database)

    second.went_on(2)
    second.flush()
    copied(first.folder, database)
    assert open_store(mongo_address).series(open_store(str(store)).run(1), "loss").steps == (1, 2)
    assert_same(store, mongo_address, database)

    log(second, "loss", [0.39, 0.29, 0.2], first=3)
    second.add_output("second\n")
    second.end("COMPLETED", NOON + timedelta(minutes=12), result=5, elapsed=120.0)
    assert copied(first.folder, database).writes > 0
    assert_same(store, mongo_address, database)
    document = database.runs.find_one({})
    assert (document["status"], document["captured_out"]) == ("COMPLETED", "first\nsecond\n")
    assert database.runs.count_documents({}) == 1
    assert copied(first.folder, database).writes == 0


def test_one_copy_sees_points_go_and_come(store: Path, database: Any, mongo_address: str) -> None:
    first = interrupted(store)
    copied(first.folder, database)
    second = resume(first)
    copy = Copy(first.folder, database)
    copy.advance(whole=True)
    second.went_on(2)
    second.flush()
    copy.advance(whole=True)
    assert_same(store, mongo_address, database)
    log(second, "only.lost", [7.0], first=3)
    copy.advance(whole=True)
    assert_same(store, mongo_address, database)
    second.end("COMPLETED", NOON + timedelta(minutes=12), elapsed=1.0)
    copy.advance(whole=True)
    assert_same(store, mongo_address, database)


@pytest.mark.parametrize("kept", [5_000, 12_000, 20_000])
def test_a_long_metric_loses_its_later_chunks(
    store: Path, database: Any, mongo_address: str, kept: int
) -> None:
    first = begin(store)
    log(first, "loss", [float(step % 97) for step in range(kept)])
    first.settle(kept)
    log(first, "loss", [-1.0] * (35_000 - kept), first=kept)
    copied(first.folder, database)

    second = resume(first)
    second.went_on(kept)
    second.flush()
    copied(first.folder, database)
    assert_same(store, mongo_address, database)
    assert database.tracker_points.count_documents({}) == (0 if kept <= 10_000 else -(-kept // 10_000))

    log(second, "loss", [2.0] * 9_000, first=kept)
    second.end("COMPLETED", NOON + timedelta(minutes=12), elapsed=1.0)
    copied(first.folder, database)
    assert_same(store, mongo_address, database)


def test_a_copy_of_before_changes_nothing_of_a_run_that_went_on(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    first = interrupted(store)
    old = tmp_path / "old"
    shutil.copytree(store, old)
    copied(first.folder, database)
    second = resume(first)
    second.went_on(2)
    log(second, "loss", [0.39], first=3)
    copied(first.folder, database)

    push(old, mongo_address)

    assert_same(store, mongo_address, database)
    assert database.runs.find_one({})["status"] == "RUNNING"


def test_a_run_that_was_pulled_is_pulled_again_when_it_has_gone_on(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    first = interrupted(store)
    copied(first.folder, database)
    there = tmp_path / "there"
    pull(mongo_address, there)
    second = resume(first)
    second.went_on(2)
    log(second, "loss", [0.39], first=3)
    second.end("COMPLETED", NOON + timedelta(minutes=12), elapsed=120.0)
    copied(first.folder, database)

    (transfer,) = pull(mongo_address, there)

    assert transfer.written
    assert_same(there, mongo_address, database)
    (run,) = open_store(str(there)).runs()
    assert run.status == "COMPLETED"
    assert run.hours == pytest.approx(open_store(str(store)).run(1).hours)
    push(there, mongo_address)
    assert_same(store, mongo_address, database)


def test_a_mirror_follows_a_run_that_goes_on_while_the_server_comes_and_goes(
    store: Path, own_server: OwnServer
) -> None:
    own_server.start()
    journal: RunJournal = begin(store)
    chance, saved = random.Random(7), 0
    for part in range(4):
        mirror = open_mirror(own_server.address())
        mirror.follow(journal.folder)
        if isinstance(journal, ResumedJournal):
            journal.went_on(saved)
        for _ in range(3):
            log(journal, "loss", [chance.random() for _ in range(3000)], first=saved)
            saved += 3000
            journal.settle(saved)
        log(journal, "loss", [99.0] * 50, first=saved)
        if part == 1:
            own_server.kill()
        if part < 3:
            assert (mirror.finish(patience=2.0 if part == 1 else 20.0) == "") == (part != 1)
            if part == 1:
                own_server.start()
            journal = resume(journal, 10 * (part + 1))
    journal.end("COMPLETED", NOON + timedelta(minutes=50), elapsed=1.0)
    assert mirror.finish(patience=30.0) == ""

    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](own_server.address(), tz_aware=True) as client:
        assert_same(store, own_server.address(), client["grove"])
        assert client["grove"].runs.find_one({})["status"] == "COMPLETED"
    assert len(open_store(str(store)).series(open_store(str(store)).run(1), "loss").values) == saved + 50
