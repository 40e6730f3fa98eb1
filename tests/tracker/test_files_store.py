"""What only a folder of runs can suffer: files half written, missing, strange, or not there yet."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import StoreError, UnknownRunError
from tracker.journal.patience import ATTEMPTS, PAUSE
from tracker.run import Run
from tracker.stores import Store, open_store
from tracker.stores.files import FileStore

START = "2026-01-01T12:00:00.250000"
RECORD = {"experiment": {"name": "tiny"}, "command": "main", "status": "COMPLETED", "start_time": START}
POINTS = {"loss": {"steps": [0, 1], "values": [2.0, 1.0], "timestamps": [START, START]}}


def write_run(folder: Path, files: dict[str, Any] | None = None, *, old: bool = True) -> Path:
    """A run as Sacred leaves it; `files` replaces, with None removes; old files have no writer any more."""
    folder.mkdir(parents=True)
    whole = {"run.json": RECORD, "config.json": {"lr": 0.1}, "info.json": {"a": 1}, "metrics.json": POINTS}
    for name, content in {**whole, **(files or {})}.items():
        if content is not None:
            text = content if isinstance(content, str) else json.dumps(content, indent=2, sort_keys=True)
            (folder / name).write_text(text, encoding="utf-8")
            if old:
                os.utime(folder / name, (1e9, 1e9))
    return folder


def read_run(folder: Path) -> Run:
    return FileStore(str(folder.parent)).run(folder.name)


def half(content: Any) -> str:
    text = json.dumps(content, indent=2)
    return text[: len(text) // 2]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


def test_a_folder_that_is_not_there_is_an_empty_store_until_a_run_comes(runs: Path) -> None:
    store = open_store(str(runs))
    assert list(store.runs()) == []
    write_run(runs / "1")
    assert [run.id for run in store.runs()] == [1]


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file is a file: name the folder that holds the runs"):
        open_store(str(tmp_path / "file"))


def test_a_path_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(StoreError, match=r"loop cannot be read \(.+\): check the path"):
        open_store(str(tmp_path / "loop"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused(runs: Path) -> None:
    write_run(runs / "1")
    runs.chmod(0)
    with pytest.raises(StoreError, match=r"cannot be read \(Permission denied\)"):
        open_store(str(runs))
    runs.chmod(0o700)


def test_the_home_folder_may_be_written_short(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_run(runs / "1")
    monkeypatch.setenv("HOME", str(runs.parent))
    store = open_store("~/runs")
    assert (store.address, store.run(1).id) == ("~/runs", 1)


def test_what_is_no_run_is_passed_over(runs: Path) -> None:
    write_run(runs / "7")
    for name in ("_sources", "_resources", ".hidden"):
        write_run(runs / name)
    (runs / "12").mkdir()  # begun, without a record yet
    (runs / "notes.txt").write_text("8")
    assert [run.id for run in FileStore(str(runs)).runs()] == [7]


@pytest.mark.parametrize("id", ["../runs/7", "7/../7", "_sources", ".", "", "12", "07"])
def test_what_is_no_run_is_not_given_by_its_name_either(runs: Path, id: str) -> None:
    write_run(runs / "7")
    write_run(runs / "_sources")
    with pytest.raises(UnknownRunError):
        FileStore(str(runs)).run(id)


def test_a_folder_that_is_called_otherwise_is_a_run_when_it_has_a_record(runs: Path) -> None:
    write_run(runs / "best of all")
    write_run(runs / "007")
    assert [run.id for run in FileStore(str(runs)).runs()] == ["007", "best of all"]


def test_nan_and_infinity_are_read_as_sacred_writes_them(runs: Path) -> None:
    run = read_run(
        write_run(runs / "1", {"run.json": {**RECORD, "result": float("-inf")}, "config.json": '{"lr": NaN}'})
    )
    assert run.result == float("-inf")
    assert str(run.config["lr"]) == "nan"
    assert run.fault == ""


@pytest.mark.parametrize("name", ["config.json", "info.json", "metrics.json"])
@pytest.mark.parametrize(("content", "word"), [("", "empty"), ('{\n  "a": {\n    "b": 1\n  }', "torn")])
def test_a_torn_file_costs_only_what_it_held(runs: Path, name: str, content: str, word: str) -> None:
    folder = write_run(runs / "1", {name: content})
    run = read_run(folder)
    assert run.fault == f"{name} is {word}"
    assert (run.status, run.experiment) == ("COMPLETED", "tiny")
    assert run.config == ({} if name == "config.json" else {"lr": 0.1})
    assert run.info == ({} if name == "info.json" else {"a": 1})
    store = FileStore(str(runs))
    assert store.values([run], "loss", "last") == ({} if name == "metrics.json" else {1: 1.0})
    assert store.metrics(run) == (() if name == "metrics.json" else ("loss",))


@pytest.mark.parametrize("content", ["", half(RECORD)])
def test_a_run_with_a_torn_record_was_alive_when_it_was_last_written(runs: Path, content: str) -> None:
    folder = write_run(runs / "1", {"run.json": content})
    touched = datetime(2026, 1, 1, 12, tzinfo=UTC)
    os.utime(folder / "run.json", (touched.timestamp(),) * 2)
    run = read_run(folder)
    assert run.fault == f"run.json is {'torn' if content else 'empty'}"
    assert run.config == {"lr": 0.1}
    assert run.state(touched + timedelta(seconds=30)) == "running"
    assert run.state(touched + timedelta(seconds=31)) == "dead"


def test_several_faults_are_told_together(runs: Path) -> None:
    run = read_run(write_run(runs / "1", {"config.json": "[1]", "info.json": "{", "metrics.json": ""}))
    assert run.fault == "config.json holds no mapping; info.json is torn; metrics.json is empty"


def test_fields_of_a_wrong_kind_are_told_as_faults(runs: Path) -> None:
    record = {"experiment": "tiny", "host": None, "heartbeat": "soon", "start_time": 5}
    run = read_run(write_run(runs / "1", {"run.json": record}))
    assert run.fault == (
        "experiment is not a mapping; status is missing; start_time is not a time; heartbeat is not a time"
    )
    assert (run.experiment, run.host, run.state(datetime.now(UTC))) == ("", {}, "failed")


def test_a_missing_config_is_a_fault_where_missing_info_and_metrics_are_none(runs: Path) -> None:
    whole = read_run(write_run(runs / "1", {"info.json": None, "metrics.json": None}))
    assert (whole.fault, whole.info) == ("", {})
    assert read_run(write_run(runs / "2", {"config.json": None})).fault == "config.json is missing"


def test_a_file_that_is_a_folder_is_a_fault(runs: Path) -> None:
    folder = write_run(runs / "1", {"info.json": None, "metrics.json": None})
    (folder / "info.json").mkdir()
    (folder / "metrics.json").mkdir()
    fault = "info.json cannot be read (Is a directory); metrics.json cannot be read (Is a directory)"
    assert read_run(folder).fault == fault


@pytest.mark.parametrize("text", ["{}", json.dumps(POINTS), json.dumps(POINTS, indent=2) + "\n"])
def test_whole_metrics_are_no_fault_however_they_are_laid_out(runs: Path, text: str) -> None:
    assert read_run(write_run(runs / "1", {"metrics.json": text})).fault == ""


@pytest.mark.parametrize("times", [[], [START], [START, "noon"]])
def test_points_without_a_time_each_have_no_times(runs: Path, times: list[str]) -> None:
    points = {"steps": [0, 1], "values": [2.0, 1.0], "timestamps": times}
    run = read_run(write_run(runs / "1", {"metrics.json": {"loss": points}}))
    series = FileStore(str(runs)).series(run, "loss")
    assert (series.values, series.timestamps) == ((2.0, 1.0), ())


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours ahead of UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    "start", ["2026-01-01T12:00:00", "2026-01-01T12:00:00Z", "2026-01-01T14:00:00+02:00"]
)
def test_a_time_is_utc_wherever_it_is_read_unless_it_says_otherwise(
    runs: Path, start: str, tokyo: None
) -> None:
    run = read_run(write_run(runs / "1", {"run.json": {**RECORD, "start_time": start}}))
    assert str(run.started) == "2026-01-01 12:00:00+00:00"


@pytest.mark.parametrize("metric", [5, {}, {"steps": 1, "values": None}, {"steps": [], "values": []}])
def test_metrics_of_a_strange_shape_have_no_points(runs: Path, metric: Any) -> None:
    run = read_run(write_run(runs / "1", {"metrics.json": {"loss": metric}}))
    store = FileStore(str(runs))
    assert store.series(run, "loss").values == ()
    assert store.values([run], "loss", "last") == {}


def test_the_link_list_of_a_second_observer_is_dropped_where_a_users_own_is_kept(runs: Path) -> None:
    linked = read_run(write_run(runs / "1", {"info.json": {"metrics": [{"name": "loss", "id": "6b"}]}}))
    owned = read_run(write_run(runs / "2", {"info.json": {"metrics": ["loss"]}}))
    assert (linked.info, owned.info) == ({}, {"metrics": ["loss"]})


def test_a_file_that_is_being_written_is_waited_for(runs: Path) -> None:
    folder = write_run(runs / "1", {"config.json": half({"lr": 0.1})}, old=False)
    writer = threading.Timer(PAUSE * 1.5, (folder / "config.json").write_text, ['{"lr": 0.2}'])
    writer.start()
    run = read_run(folder)
    writer.join()
    assert (run.config, run.fault) == ({"lr": 0.2}, "")


def test_a_file_that_nobody_writes_any_more_is_not_waited_for(runs: Path) -> None:
    for id in range(20):
        write_run(runs / str(id), {"run.json": half(RECORD), "metrics.json": half(POINTS)})
    began = time.perf_counter()
    assert len(list(FileStore(str(runs)).runs())) == 20
    assert time.perf_counter() - began < 20 * (ATTEMPTS - 1) * PAUSE


@pytest.mark.unwatched
def test_a_reader_beside_a_writing_run_gets_whole_records_or_is_told(runs: Path) -> None:
    from sacred.observers import FileStorageObserver

    observer: Any = FileStorageObserver(runs)
    began = datetime(2026, 1, 1, 12)
    experiment = {"name": "tiny", "base_dir": "/", "sources": []}
    observer.started_event(experiment, "main", {}, began, {"lr": 0.1}, {"command": "main"}, 1)
    reads: list[Run] = []
    store = FileStore(str(runs))
    stop = threading.Event()

    def write() -> None:
        for beat in range(200):
            step = {"steps": [beat] * 20, "values": [1.0] * 20, "timestamps": [began] * 20}
            observer.log_metrics({"loss": step}, {})
            observer.heartbeat_event({"beat": beat, "padding": [beat] * 500}, "", began, None)
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() and len(reads) < 100:
        reads += list(store.runs())
    stop.set()
    writer.join()

    assert len(reads) > 5
    for run in reads:
        assert run.fault or (run.status, run.experiment, run.config) == ("RUNNING", "tiny", {"lr": 0.1})
    (last,) = store.runs()
    assert last.fault == ""


def test_a_killed_run_is_running_for_thirty_seconds_then_dead(
    runs: Path, start_run: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start_run(runs, "seconds=100")
    store = open_store(str(runs))
    run = wait_for_heartbeat(store, process)
    process.kill()
    process.wait()

    run = store.run(run.id)
    assert run.heartbeat is not None
    assert run.state(run.heartbeat + timedelta(seconds=5)) == "running"
    assert run.state(run.heartbeat + timedelta(seconds=30.5)) == "dead"


def test_a_whole_run_of_sacred_is_done(runs: Path, record_run: Callable[..., None]) -> None:
    record_run(runs, "lr=0.4")
    (run,) = open_store(str(runs)).runs()
    assert run.state(datetime.now(UTC)) == "done"
    assert (run.experiment, run.config["lr"], run.seed, run.result) == ("tiny", 0.4, 1, {"accuracy": 53.0})
    assert run.info == {"tracker": {"note": "all is well", "pair": [1, 2]}}
    assert 0 < run.hours < 0.1
    assert open_store(str(runs)).values([run], "loss", "mean") == {
        1: pytest.approx(0.4 * (1 + 1 / 2 + 1 / 3) / 3)
    }


def wait_for_heartbeat(store: Store, process: subprocess.Popen[str], seconds: float = 60) -> Run:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        for run in store.runs():
            if run.heartbeat and not run.fault and store.metrics(run):
                return run
        time.sleep(0.05)
    pytest.fail("the tiny experiment showed no sign of life")
