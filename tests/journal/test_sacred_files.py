"""At its end a run's folder holds what Sacred's own observer would have written."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker.journal.identity import run_uuid
from tracker.journal.layout import CONFIG, HEARTBEAT, INFO, JOURNAL, METRICS, OUTPUT, POINTS, RUN
from tracker.journal.moments import microseconds
from tracker.journal.reader import read_output, read_record
from tracker.journal.sacred_files import write_sacred_files
from tracker.journal.writer import RunJournal
from tracker.run import Run
from tracker.stores import open_store

NOON = datetime(2026, 11, 21, 12, 0, 0, 250000, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
INFO_OF_RUN = {"note": "all is well", "by_layer": {"conv1": [1, 2.5]}}
TEXT = "one\ntwo"


def stock_run(store: Path, record: Mapping[str, Any], status: str, source: Path) -> Path:
    """The run as Sacred's FileStorageObserver records it; its last event comes from `status`."""
    from sacred.observers import FileStorageObserver

    observer: Any = FileStorageObserver(store)
    experiment = {**record["experiment"], "base_dir": str(source.parent), "sources": [(source.name, "0")]}
    start, late = NOON.replace(tzinfo=None), LATER.replace(tzinfo=None)
    id = observer.started_event(
        experiment, record["command"], record["host"], start, record["config"], record["meta"], None
    )
    observer.resource_event(str(source))
    observer.artifact_event("script", str(source))
    times = [start, start.replace(microsecond=0), start]
    for name, values in (("val.acc", [1, 0.5, 1e-9]), ("loss", [0.1, 2.5, 1e300])):
        metric = {"steps": [0, 10, 20], "values": values, "timestamps": times}
        observer.log_metrics({name: metric}, {})
    observer.heartbeat_event(INFO_OF_RUN, TEXT, late, 0.5 if status == "COMPLETED" else None)
    if status == "COMPLETED":
        observer.completed_event(late, 0.5)
    elif status == "FAILED":
        observer.failed_event(late, ["Traceback\n", "ValueError: no\n"])
    else:
        observer.interrupted_event(late, status)
    return store / str(id)


def our_run(store: Path, record: Mapping[str, Any], status: str, source: Path) -> Path:
    """The same run as our journal records it."""
    experiment = {**record["experiment"], "base_dir": str(source.parent), "sources": []}
    journal = RunJournal.start(store, {**record, "experiment": experiment}, now=NOON)
    journal.note_sources([(source.name, source)])
    journal.add_resource(source)
    journal.add_artifact("script", source)
    times = [microseconds(moment) for moment in (NOON, NOON.replace(microsecond=0), NOON)]
    journal.add_points("val.acc", [0], [1], times[:1])
    journal.add_points("loss", [0, 10, 20], [0.1, 2.5, 1e300], times)
    journal.flush()
    journal.add_points("val.acc", [10, 20], [0.5, 1e-9], times[1:])
    journal.add_output(TEXT)
    journal.note_info(INFO_OF_RUN)
    trace = ["Traceback\n", "ValueError: no\n"] if status == "FAILED" else None
    result = 0.5 if status == "COMPLETED" else None
    journal.end(status, LATER, result=result, fail_trace=trace, elapsed=3600.0)
    return journal.folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "tiny.py").write_text("lr = 0.1\n")
    return tmp_path / "tiny.py"


STATUSES = ("COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT")


@pytest.mark.parametrize("status", STATUSES)
def test_the_files_are_those_of_a_stock_run(
    tmp_path: Path, record: dict[str, Any], source: Path, status: str
) -> None:
    stock = stock_run(tmp_path / "stock", record, status, source)
    ours = our_run(tmp_path / "ours", record, status, source)
    names = {file.name for file in stock.iterdir()}
    assert {file.name for file in ours.iterdir()} == names | {JOURNAL, POINTS, HEARTBEAT}
    for name in (CONFIG, METRICS, OUTPUT, "script"):
        assert (ours / name).read_bytes() == (stock / name).read_bytes(), name
    left, right = json.loads((ours / RUN).read_text()), json.loads((stock / RUN).read_text())
    for name in ("experiment", "resources"):  # where the copies are, by our digest in place of Sacred's
        assert (
            set(left[name]) == set(right[name]) if name == "experiment" else left[name][0][0] == str(source)
        )
        left.pop(name)
        right.pop(name)
    assert left == right
    info = json.loads((ours / INFO).read_text())
    assert set(info.pop("tracker")) == {"uuid", "elapsed"}
    assert info == json.loads((stock / INFO).read_text())
    for store in ("stock", "ours"):
        copies = json.loads((tmp_path / store / "1" / RUN).read_text())["experiment"]["sources"]
        assert [(tmp_path / store / copy).read_text() for _, copy in copies] == ["lr = 0.1\n"]


@pytest.mark.parametrize("status", STATUSES)
def test_a_store_tells_a_journaled_run_in_the_words_of_a_stock_run(
    tmp_path: Path, record: dict[str, Any], source: Path, status: str
) -> None:
    stock_run(tmp_path / "stock", record, status, source)
    our_run(tmp_path / "ours", record, status, source)
    our_run(tmp_path / "bare", record, status, source)
    for name in (JOURNAL, POINTS, HEARTBEAT):  # as somebody might who keeps Sacred's files alone
        (tmp_path / "bare" / "1" / name).unlink()
    stores = [open_store(str(tmp_path / name)) for name in ("stock", "ours", "bare")]
    (stock,), (ours,), (bare,) = (list(store.runs()) for store in stores)
    assert without_facts(stock) == without_facts(ours) == without_facts(bare)
    assert ours.uuid
    assert ours.fault == bare.fault == ""
    assert (
        stores[0].metrics(stock) == stores[1].metrics(ours) == stores[2].metrics(bare) == ("loss", "val.acc")
    )
    for name in ("loss", "val.acc", "other"):
        assert stores[0].series(stock, name) == stores[1].series(ours, name) == stores[2].series(bare, name)
        for reduction in ("last", "max", "min", "mean"):
            numbers = [store.values([stock], name, reduction) for store in stores]
            assert numbers[0] == numbers[1] == numbers[2]


def without_facts(run: Run) -> tuple[Any, ...]:
    info = {name: value for name, value in run.info.items() if name != "tracker"}
    return (run.id, run.experiment, run.status, run.config, run.seed, run.command, run.started, run.heartbeat,
            run.stopped, run.result, info, run.host, run.meta, run.failure, run.fault)  # fmt: skip


def test_the_document_of_a_stock_run_has_the_shape_of_a_journaled_one(
    tmp_path: Path, record: dict[str, Any], source: Path
) -> None:
    stock = read_record(stock_run(tmp_path / "stock", record, "FAILED", source))
    ours = read_record(our_run(tmp_path / "ours", record, "FAILED", source))
    assert stock is not None
    assert ours is not None
    assert set(stock.document) == set(ours.document)
    assert stock.document["artifacts"] == [{"name": "script", "file": "script"}]
    assert stock.document["resources"][0][0] == ours.document["resources"][0][0]
    for found, store in ((stock, tmp_path / "stock"), (ours, tmp_path / "ours")):
        (resource,) = found.document["resources"]
        assert (store / resource[1]).read_text() == "lr = 0.1\n"
        assert read_output(found.folder) == TEXT
    assert run_uuid(stock.document) == run_uuid({**stock.document, "_id": 7})
    assert run_uuid(ours.document) == ours.document["info"]["tracker"]["uuid"]


def test_the_record_has_the_fields_of_a_run_that_sacred_itself_made(
    tmp_path: Path, record: dict[str, Any], source: Path, record_run: Callable[..., None]
) -> None:
    record_run(tmp_path / "stock")
    stock = json.loads((tmp_path / "stock" / "1" / RUN).read_text())
    ours = json.loads((our_run(tmp_path / "ours", record, "COMPLETED", source) / RUN).read_text())
    assert set(ours) == set(stock)
    assert set(ours["experiment"]) | {"dependencies", "repositories"} == set(stock["experiment"])


def test_while_it_runs_a_folder_reads_as_a_stock_run_that_has_just_begun(
    begin: Callable[..., RunJournal],
) -> None:
    folder = begin().folder
    found = json.loads((folder / RUN).read_text())
    assert (found["status"], found["heartbeat"], found["start_time"]) == (
        "RUNNING",
        None,
        "2026-11-21T12:00:00",
    )
    assert json.loads((folder / CONFIG).read_text()) == {"lr": 0.1, "seed": 3}
    assert not (folder / METRICS).exists()


def test_sacreds_files_can_be_made_again_from_the_journal_alone(begin: Callable[..., RunJournal]) -> None:
    journal = begin()
    journal.add_points("loss", [0], [0.5], [10**15])
    journal.end("COMPLETED", LATER)
    whole = {name: (journal.folder / name).read_bytes() for name in (RUN, CONFIG, INFO, METRICS)}
    for name in whole:
        (journal.folder / name).unlink()
    write_sacred_files(journal.folder)
    assert {name: (journal.folder / name).read_bytes() for name in whole} == whole
    (journal.folder / JOURNAL).unlink()
    write_sacred_files(journal.folder)
    assert (journal.folder / RUN).read_bytes() == whole[RUN]


@pytest.mark.parametrize("tail", [b"", b'{"name":"loss","steps":[7', b'{"name":"odd"}\n', b"\n\n"])
def test_metrics_are_laid_out_as_json_lays_them_out(begin: Callable[..., RunJournal], tail: bytes) -> None:
    journal = begin()
    for name in ('é "q"', "b", "a"):
        for step in range(3):
            journal.add_points(
                name, [step, step + 0.5], [step, 0.1 * step], [10**15, 10**15 + 10**6 * step + 1]
            )
    journal.flush()
    with (journal.folder / POINTS).open("ab") as file:
        file.write(tail)
    write_sacred_files(journal.folder)
    text = (journal.folder / METRICS).read_text()
    assert text == json.dumps(json.loads(text), sort_keys=True, indent=2)
    assert list(json.loads(text)) == ["a", "b", 'é "q"']
