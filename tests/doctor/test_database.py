"""What is wrong between the documents of a database, and with Omniboard's columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from tests.doctor.conftest import RUN, DatabasePatient, keep, lines
from tracker.doctor.checks_columns import column_findings


@pytest.mark.mongo
def test_a_metric_without_a_run_is_named_and_kept(database: DatabasePatient) -> None:
    keep(database)
    database.database.metrics.insert_one({"run_id": 9, "name": "loss", "steps": [1], "values": [1.0]})

    (told,) = lines(database, fix=True)

    assert told.startswith("metric loss of run 9: its run is not there")
    assert len(list(database.database.metrics.find({}))) == 2
    assert not database.examine().healthy


@pytest.mark.mongo
def test_our_own_points_without_a_run_are_deleted(database: DatabasePatient) -> None:
    keep(database, lambda run: run["info"].update(tracker={"uuid": "here"}))
    for uuid in ("here", "gone"):
        database.database.tracker_points.insert_one({"_id": f"{uuid}/loss/0", "run": uuid, "values": [1.0]})

    (told,) = lines(database, fix=True)

    assert (
        told
        == "points of the run with uuid gone: its run is not there, 1 documents are; --fix deletes them: done"
    )
    assert [found["run"] for found in database.database.tracker_points.find({})] == ["here"]


@pytest.mark.mongo
def test_a_file_that_no_run_names_is_told_when_it_is_old(database: DatabasePatient) -> None:
    keep(database)
    files = [{"_id": "old", "filename": "a.py", "uploadDate": datetime(2025, 1, 1)}]
    files += [{"_id": "new", "filename": "b.py", "uploadDate": datetime(2026, 1, 1, 23)}]
    database.database["fs.files"].insert_many(files)

    (told,) = lines(database, fix=True)

    assert told.startswith("file a.py: no run names it")
    assert database.examine().healthy


@pytest.mark.mongo
def test_a_file_that_is_named_but_missing_is_told(database: DatabasePatient) -> None:
    experiment = {"name": "tiny", "sources": [["main.py", "no such id"]]}
    keep(database, lambda run: run.update(experiment=experiment, artifacts=[{"name": "a", "file_id": "b"}]))

    told = lines(database)

    assert [line.partition(",")[0] for line in told] == [
        "run 1: artifact a is named",
        "run 1: source main.py is named",
    ]


@pytest.mark.mongo
def test_the_same_identity_twice_is_told(database: DatabasePatient) -> None:
    keep(database, lambda run: run["info"].update(tracker={"uuid": "same"}))
    database.database.runs.insert_one({**RUN, "_id": 2, "info": {"tracker": {"uuid": "same"}}})

    assert any(line.startswith("run 2: has the uuid of run 1") for line in lines(database))


@pytest.mark.mongo
@pytest.mark.parametrize("id", ["7", None])
def test_an_id_that_is_no_number_is_told(database: DatabasePatient, id: str | None) -> None:
    database.database.runs.insert_one({**RUN, "_id": id, "info": {}})

    (told,) = lines(database, fix=True)

    assert "its _id is" in told
    assert len(list(database.database.runs.find({}))) == 1


@pytest.mark.mongo
def test_several_mends_of_one_run_go_together(database: DatabasePatient) -> None:
    faults = {"host": None, "info": None, "heartbeat": "2026-01-01T12:01:00", "status": "RUNNING"}
    keep(database, lambda run: run.update(faults))

    assert all(line.endswith(": done") for line in lines(database, fix=True))

    assert lines(database) == []
    assert database.record()["info"]["metrics"][0]["name"] == "loss"
    assert database.record()["status"] == "INTERRUPTED"


@pytest.mark.mongo
def test_a_point_that_is_not_finite_becomes_a_fact_in_a_database(database: DatabasePatient) -> None:
    from pymongo.errors import PyMongoError

    try:
        keep(database, lambda run: run["points"][0].update(values=[3.0, float("nan"), 1.0]))
    except PyMongoError as error:
        pytest.skip(f"this server refuses NaN: {error}")

    assert "1 of 3 points are not finite; --fix counts them" in lines(database, fix=True)[0]

    facts = [{"metric": "loss", "first": 2, "last": 2, "count": 1}]
    assert database.record()["info"]["tracker"]["not_finite"] == facts
    assert database.record()["points"]["loss"]["values"] == [3.0, 1.0]
    assert lines(database) == []


@pytest.mark.mongo
def test_omniboards_columns_are_looked_at(database: DatabasePatient) -> None:
    from pymongo.errors import PyMongoError

    keep(database)
    try:
        database.database["omniboard.metric.columns"].insert_one({"name": "best", "extrema": "max"})
    except PyMongoError as error:
        pytest.skip(f"this server refuses collections with a dot in their names: {error}")
    database.database["omniboard.custom.columns"].insert_one({"name": "status", "config_path": "config"})

    told = lines(database, fix=True)

    assert [line.split(":")[0] for line in told] == ["column best", "column status"]
    assert not database.examine().healthy


METRIC_COLUMNS: list[tuple[Mapping[str, Any], str]] = [
    (
        {"name": "best", "extrema": "max"},
        "column best: metric column without metric_name: ends Omniboard's server",
    ),
    ({"name": "best", "metric_name": "loss", "extrema": "most"}, "extrema is 'most'"),
    ({"name": "best", "metric_name": "loss", "extrema": "last_avg"}, "last_avg without lastn"),
    ({"name": "status", "metric_name": "loss", "extrema": "max"}, "is named like the field status"),
    ({"name": "a.b", "metric_name": "loss", "extrema": "max"}, "its name is empty, has a ."),
]


@pytest.mark.parametrize(("column", "says"), METRIC_COLUMNS, ids=lambda value: str(value)[:30])
def test_a_metric_column_that_breaks_the_table_is_told(column: Mapping[str, Any], says: str) -> None:
    (found,) = column_findings([column], [])

    assert says in found.line


def test_sound_columns_are_passed_over() -> None:
    metric = {"name": "best", "metric_name": "loss", "extrema": "last_avg", "lastn": 2}
    custom = [{"name": "lr", "config_path": "config.lr"}, {"name": "all", "config_path": "config"}]

    assert list(column_findings([metric], custom)) == []


def test_custom_columns_without_a_path_or_inside_each_other_are_told() -> None:
    paths = {"none": None, "outer": "info.best", "inner": "info.best.acc"}
    columns = [{"name": name, "config_path": path} for name, path in paths.items()]

    told = [found.line for found in column_findings([], columns)]

    assert len(told) == 2
    assert told[0].startswith("column none: custom column without config_path")
    assert told[1].startswith(
        "column outer: its path info.best contains that of another column, info.best.acc"
    )
