"""A run keeps its identity in whichever store, and no two runs share one."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.identity import new_uuid, recorded_uuid, run_uuid
from tracker.journal.reader import read_record

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456)


def document(**fields: Any) -> dict[str, Any]:
    whole = {"experiment": {"name": "tiny"}, "start_time": NOON, "host": {"hostname": "here"}}
    return {**whole, "config": {"lr": 0.1}, **fields}


def test_a_run_that_tells_its_identity_has_that() -> None:
    told = document(info={"tracker": {"uuid": "5eed"}})
    assert (recorded_uuid(told), run_uuid(told)) == ("5eed", "5eed")


@pytest.mark.parametrize("info", [None, {}, {"tracker": 5}, {"tracker": {}}, {"tracker": {"uuid": 5}}])
def test_a_run_that_tells_none_has_one_all_the_same(info: Any) -> None:
    assert recorded_uuid(document(info=info)) == ""
    assert run_uuid(document(info=info)) == run_uuid(document())
    assert len(run_uuid(document())) == len(new_uuid()) == 32


def test_the_identity_of_a_stock_run_is_always_the_same() -> None:
    assert run_uuid(document()) == "4606bf9ba64552f9bd460fdbb92675b6"


@pytest.mark.parametrize(
    "same",
    [
        {"start_time": NOON.replace(tzinfo=UTC)},
        {"start_time": NOON.replace(microsecond=123000)},  # as MongoDB keeps it
        {"start_time": "2026-11-21T12:00:00.123456"},
        {"start_time": NOON.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=9)))},
        {"_id": 7},
        {"status": "FAILED", "result": 5},
        {"host": {"hostname": "here", "ENV": {}}},
        {"config": {"lr": 0.1, "__doc__": "The settings."}},
    ],
)
def test_what_a_copy_may_change_does_not_count(same: dict[str, Any]) -> None:
    assert run_uuid(document(**same)) == run_uuid(document())


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1.0, "b": 1e300}, {"b": 1e300, "a": 1}),
        ({"a": (1, 2)}, {"a": {"py/tuple": [1, 2]}}),
        ({"a": {"py/object": "numpy.float64", "dtype": "float64", "value": 0.5}}, {"a": 0.5}),
        ({"json://5": 1}, {"5": 1}),
        ({"a": math.nan, "b": -math.inf}, {"a": "nan", "b": "-inf"}),
    ],
)
def test_settings_that_two_formats_spell_differently_are_the_same(left: Any, right: Any) -> None:
    assert run_uuid(document(config=left)) == run_uuid(document(config=right))


@pytest.mark.parametrize(
    "other",
    [
        {"experiment": {"name": "other"}},
        {"start_time": NOON + timedelta(milliseconds=1)},
        {"host": {"hostname": "there"}},
        {"config": {"lr": 0.2}},
        {"config": {"lr": "0.1"}},
        {"config": {"lr": True}},
        {"config": None},
        {"host": None, "experiment": "tiny"},
    ],
)
def test_other_runs_have_other_identities(other: dict[str, Any]) -> None:
    assert run_uuid(document(**other)) != run_uuid(document())


def test_runs_that_wait_with_the_same_settings_are_two() -> None:
    waiting = document(start_time=None)
    assert run_uuid({**waiting, "_id": 1}) != run_uuid({**waiting, "_id": 2})


@pytest.mark.mongo
def test_the_records_that_one_run_left_in_a_folder_and_a_database_tell_the_same_identity(
    tmp_path: Path, mongo_address: str, record_run: Callable[..., None]
) -> None:
    from pymongo import MongoClient

    record_run(tmp_path / "runs", "lr=2.0", "sizes=[1,2.5]", mongo=mongo_address)
    on_disk = read_record(tmp_path / "runs" / "1")
    with MongoClient[dict[str, Any]](mongo_address) as client:
        on_server = client.get_default_database().runs.find_one({})
    assert on_disk is not None
    assert on_server is not None
    assert run_uuid(on_disk.document) == run_uuid(on_server)
