"""A run is mirrored through everything that can happen to a server and to the way there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.mirror.make_runs import begin, end, log
from tests.mirror.nx import OwnServer
from tests.mirror.proxy import Proxy
from tests.mirror.schema import faults
from tracker.errors import StoreError
from tracker.mirror import Mirror, open_mirror
from tracker.mirror.push import push
from tracker.stores import open_store

pytestmark = pytest.mark.mongo

QUICK = ("serverSelectionTimeoutMS=300", "connectTimeoutMS=300", "socketTimeoutMS=1000")


def mirrored(store: Path, mirror: Mirror, meanwhile: Callable[[int], object] = str) -> str:
    """A run of 12 beats of 10 points each, in some seconds; what the end of the mirror says."""
    journal = begin(store)
    mirror.follow(journal.folder)
    for beat in range(12):
        meanwhile(beat)
        log(journal, "loss", [beat + point / 10 for point in range(10)], beat * 10)
        journal.add_output(f"beat {beat}\n")
        journal.flush()
        time.sleep(0.2)
    end(journal)
    return mirror.finish(20.0)


def assert_whole(store: Path, address: str) -> None:
    """The run is on the server as in its folder: every point once, every line."""
    from pymongo import MongoClient

    here, there = open_store(str(store)), open_store(address)
    assert list(there.runs()) == list(here.runs())
    run = there.run(1)
    assert there.series(run, "loss") == here.series(run, "loss")
    assert there.series(run, "loss").steps == tuple(range(120))
    with MongoClient[dict[str, Any]](address, tz_aware=True) as client:
        database = client.get_default_database()
        assert database.runs.find_one({})["captured_out"] == "".join(f"beat {beat}\n" for beat in range(12))
        assert len(list(database.metrics.find({}))) == 1
        assert faults(database) == []


def test_a_run_is_there_when_it_has_ended(store: Path, mongo_address: str) -> None:
    mirror = open_mirror(mongo_address)
    assert (mirror.highest_id, mirror.absent) == (0, "")
    assert mirrored(store, mirror) == ""
    assert_whole(store, mongo_address)
    later = open_mirror(mongo_address)
    assert later.highest_id == 1
    assert later.finish() == ""


def test_every_third_answer_may_be_lost(
    store: Path, mongo_address: str, proxy: Proxy, through: Callable[..., str]
) -> None:
    proxy.cut_every = 3
    told = mirrored(store, open_mirror(through(*QUICK)))
    assert told == ""
    assert proxy.cuts > 5
    assert_whole(store, mongo_address)


def test_a_slow_server_slows_no_run(
    store: Path, mongo_address: str, proxy: Proxy, through: Callable[..., str]
) -> None:
    proxy.latency = 0.3
    begun = time.monotonic()
    assert mirrored(store, open_mirror(through())) == ""
    assert time.monotonic() - begun < 20
    assert_whole(store, mongo_address)


def test_connections_may_break_and_be_refused_for_a_while(
    store: Path, mongo_address: str, proxy: Proxy, through: Callable[..., str]
) -> None:
    def meanwhile(beat: int) -> None:
        if beat == 3:
            proxy.refuse()
        if beat == 8:
            proxy.accept()

    assert mirrored(store, open_mirror(through(*QUICK)), meanwhile) == ""
    assert_whole(store, mongo_address)


def test_packets_may_vanish_for_a_while(
    store: Path, mongo_address: str, proxy: Proxy, through: Callable[..., str]
) -> None:
    def meanwhile(beat: int) -> None:
        proxy.is_silent = 3 <= beat < 8

    assert mirrored(store, open_mirror(through(*QUICK)), meanwhile) == ""
    assert_whole(store, mongo_address)


def test_a_server_may_be_killed_and_started_again(store: Path, own_server: OwnServer) -> None:
    own_server.start()

    def meanwhile(beat: int) -> None:
        if beat == 3:
            own_server.kill()
        if beat == 8:
            own_server.start()

    assert mirrored(store, open_mirror(own_server.address(*QUICK)), meanwhile) == ""
    assert_whole(store, own_server.address())


def test_a_server_may_stand_still_for_a_while(store: Path, own_server: OwnServer) -> None:
    own_server.start()

    def meanwhile(beat: int) -> None:
        if beat == 2:
            own_server.stop()
        if beat == 9:
            own_server.go_on()

    assert mirrored(store, open_mirror(own_server.address(*QUICK)), meanwhile) == ""
    assert_whole(store, own_server.address())


def test_a_server_may_come_later_than_the_run(store: Path, own_server: OwnServer) -> None:
    begun = time.monotonic()
    mirror = open_mirror(own_server.address(*QUICK))
    assert time.monotonic() - begun < 2
    assert "does not answer: the run is recorded in its folder" in mirror.absent

    def meanwhile(beat: int) -> None:
        if beat == 4:
            own_server.start()

    assert mirrored(store, mirror, meanwhile) == ""
    assert_whole(store, own_server.address())


def test_a_server_that_is_gone_for_good_is_told_with_the_command_that_brings_the_rest(
    store: Path, own_server: OwnServer
) -> None:
    own_server.start()
    mirror = open_mirror(own_server.address(*QUICK))
    journal = begin(store)
    mirror.follow(journal.folder)
    log(journal, "loss", [float(step) for step in range(60)])
    time.sleep(1)
    own_server.kill()
    log(journal, "loss", [float(step) for step in range(60, 120)], 60)
    for beat in range(12):
        journal.add_output(f"beat {beat}\n")
    end(journal)
    begun = time.monotonic()
    told = mirror.finish(2.0)
    assert time.monotonic() - begun < 3
    assert f"`tracker push 1 --from {store} --to ADDRESS`" in told
    assert "(it does not answer)" in told
    own_server.start()  # an attempt of the mirror that is still under way may be faster than the push
    (transfer,) = push(store, own_server.address())
    assert not transfer.trouble
    assert_whole(store, own_server.address())
    (transfer,) = push(store, own_server.address())
    assert not transfer.written


def test_the_command_that_brings_the_rest_names_the_server_unless_it_is_configured(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = "mongodb://127.0.0.1:1/grove"
    secret = "mongodb://me:secret@127.0.0.1:1/grove"
    monkeypatch.delenv("TRACKER_STORE", raising=False)

    def told(to: str) -> str:
        mirror, journal = open_mirror(to), begin(store)
        mirror.follow(journal.folder)
        end(journal)
        return mirror.finish(0.1)

    assert f"--from {store} --to {address}`" in told(address)
    assert f"--from {store} --to ADDRESS`" in told(secret)
    monkeypatch.setenv("TRACKER_STORE", secret)
    assert f"--from {store}`" in told(secret)


def test_a_server_that_hangs_at_the_end_holds_nobody_up(store: Path, own_server: OwnServer) -> None:
    own_server.start()
    mirror = open_mirror(own_server.address())  # with the mirror's own timeouts
    journal = begin(store)
    mirror.follow(journal.folder)
    time.sleep(0.5)
    own_server.stop()
    end(journal)
    begun = time.monotonic()
    assert "tracker push 1" in mirror.finish(1.0)
    assert time.monotonic() - begun < 2
    own_server.go_on()


def test_a_server_that_refuses_the_user_refuses_the_run() -> None:
    with pytest.raises(StoreError, match="names no database"):
        open_mirror("mongodb://me:hunter2@127.0.0.1:1")
