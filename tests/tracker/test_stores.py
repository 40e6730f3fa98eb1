"""What every store promises, on records that Sacred's own observers write."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy
import pytest

from tracker.errors import StoreError, UnknownRunError
from tracker.run import Run
from tracker.stores import Store, open_store

NOON = datetime(2026, 1, 1, 12, 0, 0, 250000)  # naive, as Sacred hands it to its observers
AWARE = NOON.replace(tzinfo=UTC)
EXPERIMENT = {"name": "tiny", "base_dir": "/nowhere", "sources": [], "dependencies": ["numpy==2.4"]}
HOST = {"hostname": "here", "os": ("Linux", "6.1"), "ENV": {"TOKEN": "secret"}}
META = {"command": "main", "options": {"--comment": None}}


@dataclass(frozen=True)
class Keeper:
    """A store under test, with Sacred's observer that writes to it."""

    address: str
    observer: Callable[[], Any]

    @property
    def store(self) -> Store:
        return open_store(self.address)

    def start(self, id: int | str | None = None, config: Mapping[str, Any] | None = None) -> Any:
        """A run that has begun; the observer writes the rest of its life."""
        observer = self.observer()
        observer.started_event(dict(EXPERIMENT), "main", HOST, NOON, dict(config or {}), META, id)
        return observer

    def complete(self, id: int | str, info: Any = None, result: Any = None, **config: Any) -> Any:
        observer = self.start(id, config)
        observer.heartbeat_event(info or {}, "", NOON + timedelta(seconds=5), result)
        observer.completed_event(NOON + timedelta(seconds=9), result)
        return observer

    def log(self, observer: Any, name: str, values: list[Any], first: int = 0) -> None:
        steps = list(range(first, first + len(values)))
        points = {"steps": steps, "values": values, "timestamps": [NOON] * len(values)}
        observer.log_metrics({name: points}, {})


@pytest.fixture(params=["files", pytest.param("mongo", marks=pytest.mark.mongo)])
def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Keeper]:
    if request.param == "files":
        from sacred.observers import FileStorageObserver

        yield Keeper(str(tmp_path / "runs"), lambda: FileStorageObserver(tmp_path / "runs"))
        return
    from pymongo import MongoClient
    from sacred.observers import MongoObserver

    address = request.getfixturevalue("mongo_address")
    name = urlsplit(address).path.strip("/")
    with MongoClient[dict[str, Any]](address) as client:
        yield Keeper(address, lambda: MongoObserver(client=client, db_name=name))


class TestEveryStore:
    def test_a_store_in_which_nothing_has_run_is_empty(self, keeper: Keeper) -> None:
        assert list(keeper.store.runs()) == []

    def test_a_run_is_told_as_it_was_recorded(self, keeper: Keeper) -> None:
        keeper.complete(3, info={"note": "well"}, result={"accuracy": 91.5}, lr=0.1, norm=None, seed=7)
        (run,) = keeper.store.runs()
        assert run == Run(
            id=3,
            experiment="tiny",
            status="COMPLETED",
            config={"lr": 0.1, "norm": None, "seed": 7},
            seed=7,
            command="main",
            started=AWARE,
            heartbeat=AWARE + timedelta(seconds=5),
            stopped=AWARE + timedelta(seconds=9),
            result={"accuracy": 91.5},
            info={"note": "well"},
            host={"hostname": "here", "os": ["Linux", "6.1"]},
            meta=META,
        )

    def test_one_run_is_the_same_as_among_all(self, keeper: Keeper) -> None:
        keeper.complete(1, lr=0.1)
        keeper.complete(2, lr=0.2)
        assert [keeper.store.run(1), keeper.store.run(2)] == list(keeper.store.runs())

    def test_runs_come_by_number_then_by_name(self, keeper: Keeper) -> None:
        for id in ("pilot", 10, 9, 2):
            keeper.start(id)
        assert [run.id for run in keeper.store.runs()] == [2, 9, 10, "pilot"]

    def test_an_id_may_be_given_as_text(self, keeper: Keeper) -> None:
        keeper.start(7)
        assert keeper.store.run("7").id == 7

    def test_an_unknown_run_is_told_with_those_near_it(self, keeper: Keeper) -> None:
        for id in (1, 2, 30, 31, 33):
            keeper.start(id)
        with pytest.raises(UnknownRunError, match=r"Run 32 is not in .*holds 5 runs; nearest: 30, 31, 33\."):
            keeper.store.run(32)

    def test_an_unknown_name_is_told_with_those_like_it(self, keeper: Keeper) -> None:
        keeper.start(1)
        keeper.start("pilot")
        with pytest.raises(UnknownRunError, match=r"Run pilto is not in .* nearest: pilot\."):
            keeper.store.run("pilto")

    def test_an_empty_store_says_that_it_holds_no_run(self, keeper: Keeper) -> None:
        with pytest.raises(UnknownRunError, match="holds no runs yet"):
            keeper.store.run(1)

    def test_a_running_run_has_a_start_where_the_heart_has_not_beaten(self, keeper: Keeper) -> None:
        keeper.start(1)
        run = keeper.store.run(1)
        assert (run.status, run.started, run.heartbeat, run.stopped) == ("RUNNING", AWARE, None, None)
        assert run.fault == ""

    def test_a_failed_run_has_its_end(self, keeper: Keeper) -> None:
        keeper.start(1).failed_event(NOON, ["Traceback"])
        run = keeper.store.run(1)
        assert (run.state(AWARE), run.stopped) == ("failed", AWARE)

    def test_a_queued_run_is_read_though_it_lacks_most_fields(self, keeper: Keeper) -> None:
        keeper.observer().queued_event(dict(EXPERIMENT), "main", HOST, NOON, {"lr": 0.1}, META, 1)
        run = keeper.store.run(1)
        assert (run.state(AWARE), run.started, run.info, run.fault) == ("queued", None, {}, "")
        assert run.config == {"lr": 0.1}

    def test_python_objects_become_plain_where_that_is_obvious(self, keeper: Keeper) -> None:
        facts = {
            "scalar": numpy.float32(0.5),
            "array": numpy.arange(3),
            "pair": (1, (2, 3)),
            "set": {4},
            "by_epoch": {60: 0.1},
        }
        keeper.complete(1, info=facts, result=numpy.float64(0.25))
        run = keeper.store.run(1)
        assert run.result == 0.25
        assert run.info == {
            "scalar": 0.5,
            "array": [0, 1, 2],
            "pair": [1, [2, 3]],
            "set": [4],
            "by_epoch": {60: 0.1},
        }

    def test_other_python_objects_stay_as_they_are(self, keeper: Keeper) -> None:
        facts = {"path": Path("x"), "large": numpy.arange(1000), "by_pair": {(1, 2): 3}}
        keeper.complete(1, info=facts)
        info = keeper.store.run(1).info
        assert "py/reduce" in info["path"]  # nobody rebuilds objects from a store
        assert info["large"]["py/object"] == "numpy.ndarray"
        assert info["by_pair"] == {'json://{"py/tuple": [1, 2]}': 3}

    def test_notes_of_config_scopes_are_no_settings(self, keeper: Keeper) -> None:
        keeper.complete(
            1, lr=0.1, __doc__="The settings.", data={"__doc__": "d", "__annotations__": {}, "n": 1}
        )
        assert keeper.store.run(1).config == {"lr": 0.1, "data": {"n": 1}}

    @pytest.mark.parametrize("seed", [None, "7", True, 0.5])
    def test_a_seed_that_is_no_whole_number_is_none(self, keeper: Keeper, seed: Any) -> None:
        keeper.complete(1, seed=seed)
        assert keeper.store.run(1).seed is None

    def test_a_series_has_every_point_in_order(self, keeper: Keeper) -> None:
        observer = keeper.start(1)
        keeper.log(observer, "val.loss", [3.0, 2.0])
        keeper.log(observer, "val.loss", [1.0], first=2)
        series = keeper.store.series(keeper.store.run(1), "val.loss")
        assert (series.name, series.steps, series.values) == ("val.loss", (0, 1, 2), (3.0, 2.0, 1.0))

    def test_the_points_of_a_series_have_their_times(self, keeper: Keeper) -> None:
        keeper.log(keeper.start(1), "loss", [3.0, 2.0])  # at once: nx-27017 turns later times into text
        assert keeper.store.series(keeper.store.run(1), "loss").timestamps == (AWARE, AWARE)

    def test_a_metric_that_was_not_logged_has_no_points(self, keeper: Keeper) -> None:
        keeper.log(keeper.start(1), "loss", [1.0])
        keeper.start(2)
        assert keeper.store.series(keeper.store.run(1), "other").values == ()
        assert keeper.store.series(keeper.store.run(2), "loss").values == ()

    def test_the_names_of_the_metrics_are_sorted(self, keeper: Keeper) -> None:
        observer = keeper.start(1)
        for name in ("val.loss", "loss"):
            keeper.log(observer, name, [1.0])
        keeper.start(2)
        store = keeper.store
        assert [store.metrics(run) for run in store.runs()] == [("loss", "val.loss"), ()]

    @pytest.mark.parametrize(
        ("reduction", "numbers"),
        [
            ("last", {1: 1.0, 2: 5.0}),
            ("max", {1: 3.0, 2: 5.0}),
            ("min", {1: 1.0, 2: 5.0}),
            ("mean", {1: 2.0, 2: 5.0}),
        ],
    )
    def test_many_runs_give_one_number_each(
        self, keeper: Keeper, reduction: str, numbers: Mapping[int | str, float]
    ) -> None:
        keeper.log(keeper.start(1), "loss", [2.0, 3.0, 1.0])
        keeper.log(keeper.start(2), "loss", [5.0])
        keeper.log(keeper.start(3), "other", [9.0])
        keeper.log(keeper.start(4), "loss", [9.0])
        asked = [run for run in keeper.store.runs() if run.id != 4]
        assert keeper.store.values(asked, "loss", reduction) == numbers

    def test_runs_whose_point_is_not_finite_give_no_number(self, keeper: Keeper) -> None:
        for id, values in enumerate([[1.0, math.nan], [math.nan, 1.0], [-math.inf, 1.0]]):
            log_or_skip(keeper, keeper.start(id), values)
        store, runs = keeper.store, list(keeper.store.runs())
        assert store.values(runs, "loss", "last") == {1: 1.0, 2: 1.0}
        assert store.values(runs, "loss", "min") == {}
        assert math.isnan(store.series(runs[0], "loss").values[-1])

    def test_a_value_that_is_no_number_is_not_finite(self, keeper: Keeper) -> None:
        keeper.log(keeper.start(1), "loss", ["high", 2.0])
        store, run = keeper.store, keeper.store.run(1)
        assert math.isnan(store.series(run, "loss").values[0])
        assert (store.values([run], "loss", "max"), store.values([run], "loss", "last")) == ({}, {1: 2.0})

    def test_no_runs_give_no_numbers(self, keeper: Keeper) -> None:
        assert keeper.store.values([], "loss", "last") == {}

    def test_the_address_can_be_printed(self, keeper: Keeper) -> None:
        assert keeper.store.address == keeper.address.partition("?")[0]


def log_or_skip(keeper: Keeper, observer: Any, values: list[float]) -> None:
    """Logs, where the server takes numbers that are not finite: nx-27017 refuses them on a new SQLite."""
    from pymongo.errors import WriteError

    try:
        keeper.log(observer, "loss", values)
    except WriteError as error:
        pytest.skip(f"this server stores no NaN: {error}")


@pytest.mark.mongo
def test_both_stores_tell_a_run_in_the_same_words(
    tmp_path: Path, mongo_address: str, record_run: Callable[..., None]
) -> None:
    record_run(tmp_path / "runs", "lr=0.2", mongo=mongo_address)
    stores = open_store(str(tmp_path / "runs")), open_store(mongo_address)
    (on_disk,), (on_server,) = (list(store.runs()) for store in stores)

    assert on_disk.config["lr"] == 0.2
    assert on_disk.fault == on_server.fault == ""
    assert rounded(on_disk) == rounded(on_server)
    assert stores[0].metrics(on_disk) == stores[1].metrics(on_server) == ("loss", "val.accuracy")
    for name in ("loss", "val.accuracy"):
        series = stores[0].series(on_disk, name), stores[1].series(on_server, name)
        assert series[0].values == series[1].values
        assert series[0].steps == series[1].steps == (0, 10, 20)
        assert [milliseconds(moment) for moment in series[0].timestamps] == list(series[1].timestamps)


def rounded(run: Run) -> Run:
    """The run with its times as MongoDB keeps them."""
    times = (milliseconds(moment) for moment in (run.started, run.heartbeat, run.stopped) if moment)
    started, heartbeat, stopped = times
    return replace(run, started=started, heartbeat=heartbeat, stopped=stopped)


def milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "address", ["", " ", "postgres://me:secret@host/db", "localhost:27017/sacred", "host:27017"]
)
def test_an_address_that_names_no_store_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(StoreError, match=r"is no store: .*mongodb://localhost:27017/sacred") as caught:
        open_store(address)
    assert "secret" not in str(caught.value)


def test_opening_a_folder_loads_no_database_driver(tmp_path: Path) -> None:
    code = (
        f"import sys, tracker.stores as s; list(s.open_store({str(tmp_path)!r}).runs()); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"pymongo", "sacred", "numpy", "torch", "pandas"} & set(loaded.split())
