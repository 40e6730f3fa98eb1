"""Documents that break Omniboard or mislead a reader, in a folder and in a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.doctor.conftest import DatabasePatient, FolderPatient, Patient, Spoil, keep, lines
from tracker.stores import open_store


@dataclass(frozen=True)
class Fault:
    """A run that is spoilt, what the doctor says of it, and the fields after its mend."""

    name: str
    spoil: Spoil
    says: str
    mended: Mapping[str, Any] | None = None


def put(**fields: Any) -> Spoil:
    return lambda run: run.update(fields)


def drop(name: str) -> Spoil:
    return lambda run: run.pop(name)


UNNAMED = {"name": "", "sources": []}

EVERYWHERE = [
    Fault("host", put(host=None), "run 1: host is null", {"host": {}}),
    Fault("meta", put(meta=None), "run 1: meta is null", {"meta": {}}),
    Fault("null experiment", put(experiment=None), "experiment is null", {"experiment": UNNAMED}),
    Fault("no experiment", drop("experiment"), "experiment is missing", {"experiment": UNNAMED}),
    Fault("no sources", put(experiment={"name": "a"}), "sources is missing",
          {"experiment": {"name": "a", "sources": []}}),
    Fault("a list for a host", put(host=["here"]), "host is a list, not a mapping"),
    Fault("no date", put(heartbeat="yesterday"), "heartbeat is text, not a date"),
    Fault("text for tags", put(omniboard={"tags": "a, b"}), "omniboard.tags is text, not a list",
          {"omniboard": {"tags": ["a", "b"]}}),
    Fault("text for a traceback", put(fail_trace="one\ntwo\n"), "fail_trace is text, not a list",
          {"fail_trace": ["one\n", "two\n"]}),
    Fault("tuple", put(config={"sizes": {"py/tuple": [1, 2]}, "seed": 1}), "not plain data: config.sizes",
          {"config": {"sizes": [1, 2], "seed": 1}}),
    Fault("numpy", put(result={"py/object": "numpy.float32", "dtype": "f4", "value": 0.5}),
          "not plain data: result", {"result": 0.5}),
    Fault("pickle", put(result={"py/object": "torch.Tensor"}), "not plain data: result"),
    Fault("alike", lambda run: run["points"].extend(
              [{**run["points"][0], "name": "train.loss"}, {**run["points"][0], "name": "train_loss"}]),
          "the metrics train.loss and train_loss differ in . and _ alone"),
    Fault("lengths", lambda run: run["points"][0]["steps"].pop(),
          "run 1, metric loss: 2 steps, 3 values, 3 times"),
    Fault("older", lambda run: run["points"][0].update(
              timestamps=[time.replace(year=2025) for time in run["points"][0]["timestamps"]]),
          "its first point is 364 days older than the run"),
    Fault("dead", put(status="RUNNING", stop_time=None), "says RUNNING, but gave its last sign of life"),
    Fault("no status", drop("status"), "its status is missing"),
]  # fmt: skip

IN_A_FOLDER = [
    Fault("null config", put(config=None), "config.json holds no mapping"),
    Fault("nan", put(config={"lr": float("inf")}, result=float("nan")), "not finite: config.lr",
          {"config": {"lr": "inf"}, "result": "nan"}),
]  # fmt: skip

IN_A_DATABASE = [
    Fault("null config", put(config=None), "config is null", {"config": {}}),
    Fault("null info", put(info=None), "info is null"),
    Fault("text for a date", put(heartbeat="2026-01-01T12:01:00"), "heartbeat is text, not a date"),
    Fault("no artifacts", drop("artifacts"), "artifacts is missing", {"artifacts": []}),
    Fault("short id", put(info={"metrics": [{"name": "loss", "id": "12"}]}), "links to '12', which is no id"),
    Fault("id of nothing", put(info={"metrics": [{"name": "loss", "id": "a" * 24}]}), "links to aaaaaaaaa"),
    Fault("no link", put(info={}), "info.metrics lacks loss"),
    Fault("large", put(result="x" * (13 << 20)), "its document has 13.0 MiB"),
    Fault("long", lambda run: run["points"][0].update(
              steps=[*range(100_001)], values=[0.5] * 100_001, timestamps=[]),
          "100001 points in one document"),
]  # fmt: skip


def name(fault: Fault) -> str:
    return fault.name


@pytest.mark.parametrize("fault", EVERYWHERE, ids=name)
def test_the_doctor_names_what_is_wrong_in_either_store(patient: Patient, fault: Fault) -> None:
    keep(patient, fault.spoil)

    check(patient, fault)


@pytest.mark.parametrize("fault", IN_A_FOLDER, ids=name)
def test_the_doctor_names_what_is_wrong_in_a_folder(folder: FolderPatient, fault: Fault) -> None:
    keep(folder, fault.spoil)

    check(folder, fault)


@pytest.mark.mongo
@pytest.mark.parametrize("fault", IN_A_DATABASE, ids=name)
def test_the_doctor_names_what_is_wrong_in_a_database(database: DatabasePatient, fault: Fault) -> None:
    keep(database, fault.spoil)

    check(database, fault)


def check(patient: Patient, fault: Fault) -> None:
    """The fault is told; its mend is told, does what it says, and leaves nothing to find."""
    told = [line for line in lines(patient) if fault.says in line]
    assert told, lines(patient)
    fixable = "; --fix " in told[0]
    repaired = patient.examine(fix=True)

    assert any(fault.says in finding.line and finding.mended for finding in repaired.findings) == fixable
    left = [line for line in lines(patient) if fault.says in line]
    assert left == ([] if fixable else told)
    if fault.mended is not None:
        assert fixable
        assert {field: patient.record()[field] for field in fault.mended} == fault.mended


def test_a_healthy_run_is_healthy(patient: Patient) -> None:
    keep(patient)

    found = patient.examine()

    assert (found.runs, found.findings, found.healthy) == (1, (), True)


def test_a_dead_run_is_ended_at_its_last_heartbeat(patient: Patient) -> None:
    keep(patient, put(status="RUNNING", stop_time=None))

    patient.examine(fix=True)

    record = patient.record()
    assert record["status"] == "INTERRUPTED"
    assert str(record["stop_time"]).replace("T", " ") == "2026-01-01 12:01:00"
    assert "doctor" in record["info"]["tracker"]
    assert lines(patient) == []


def test_nothing_is_mended_in_a_run_that_goes_on(patient: Patient) -> None:
    beat = {"heartbeat": "2026-01-01T23:59:50"}
    keep(patient, put(status="RUNNING", host=None, stop_time=None, **beat))

    (told,) = [line for line in lines(patient, fix=True) if "host" in line]

    assert not told.endswith(": done")
    assert patient.record()["host"] is None


def test_points_that_are_not_finite_become_a_fact(folder: FolderPatient) -> None:
    keep(folder, lambda run: run["points"][0].update(values=[3.0, float("nan"), float("inf")]))

    (told,) = lines(folder, fix=True)

    assert told.startswith("run 1, metric loss: 2 of 3 points are not finite; --fix counts them")
    record = folder.record()
    assert record["points"]["loss"]["values"] == [3.0]
    assert record["points"]["loss"]["steps"] == [1]
    facts = [{"metric": "loss", "first": 2, "last": 3, "count": 2}]
    assert record["info"]["tracker"]["not_finite"] == facts
    assert lines(folder) == []


@pytest.mark.parametrize("reduction", ["last", "max", "mean"])
def test_a_run_has_no_better_numbers_after_its_mend(folder: FolderPatient, reduction: str) -> None:
    keep(folder, lambda run: run["points"][0].update(values=[3.0, 2.0, float("nan")]))
    store = open_store(str(folder.store))
    assert [run.id for run in store.runs()] == [1]
    assert store.values(store.runs(), "loss", reduction) == {}

    folder.examine(fix=True)

    assert store.values(store.runs(), "loss", reduction) == {}


@pytest.mark.mongo
def test_text_that_is_a_date_becomes_one(database: DatabasePatient) -> None:
    keep(database, put(heartbeat="2026-01-01T14:01:00+02:00"))

    database.examine(fix=True)

    assert str(database.record()["heartbeat"]) == "2026-01-01 12:01:00"
