"""What stands in MongoDB after a run's folder was copied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.mirror.make_runs import NOON, begin, end, log, make_run
from tests.mirror.schema import faults
from tracker.mirror.copy import Copy
from tracker.stores import open_store

pytestmark = pytest.mark.mongo


def copied(folder: Path, database: Any) -> Copy:
    copy = Copy(folder, database)
    copy.advance(whole=True)
    return copy


def test_a_run_is_the_same_from_its_folder_and_from_the_server(
    store: Path, tmp_path: Path, database: Any, mongo_address: str
) -> None:
    make_run(store, tmp_path)
    copied(store / "1", database)
    here, there = open_store(str(store)), open_store(mongo_address)
    assert list(there.runs()) == list(here.runs()) == [there.run(1)]
    run = here.run(1)
    assert there.metrics(run) == here.metrics(run) == ("loss", "val.accuracy")
    for name in here.metrics(run):
        assert there.series(run, name) == here.series(run, name)
        assert len(there.series(run, name).timestamps) == 3
    assert database.runs.find_one({})["captured_out"] == "begun\nno newline"


def test_every_document_is_as_omniboard_wants_it(store: Path, tmp_path: Path, database: Any) -> None:
    make_run(store, tmp_path)
    make_run(store, tmp_path, points=10_500)
    make_run(store, tmp_path, status="INTERRUPTED")
    end(begin(store), "FAILED", fail_trace=["Traceback\n", "ValueError: no\n"])
    begin(store)
    for id in range(1, 6):
        copied(store / str(id), database)
    assert faults(database) == []
    first, second = (database.runs.find_one({"_id": id}) for id in (1, 2))
    assert first["experiment"]["sources"] == second["experiment"]["sources"] != []
    assert first["omniboard"] == {"tags": ["question:norm", "question:norm.rate"]}


def test_a_second_copy_writes_nothing(store: Path, tmp_path: Path, database: Any) -> None:
    make_run(store, tmp_path, points=10_500)
    assert copied(store / "1", database).writes > 0
    before = everything(database)
    assert copied(store / "1", database).writes == 0
    assert everything(database) == before


def test_what_users_of_omniboard_write_stays(store: Path, tmp_path: Path, database: Any) -> None:
    journal = begin(store)
    journal.note_facts({"questions": ["norm"]})
    journal.flush()
    copy = copied(store / "1", database)
    theirs = {"omniboard": {"tags": ["best"], "notes": "look"}, "mine": 1}
    database.runs.update_one({"_id": 1}, {"$set": theirs})
    end(journal)
    copy.advance(whole=True)
    run = database.runs.find_one({})
    assert (run["status"], run["omniboard"], run["mine"]) == ("COMPLETED", theirs["omniboard"], 1)


def test_a_run_grows_on_the_server_as_it_does_in_its_folder(
    store: Path, database: Any, mongo_address: str
) -> None:
    journal = begin(store)
    copy = Copy(store / "1", database)
    for first in range(0, 25_000, 4000):
        log(journal, "loss", [step / 3 for step in range(first, first + 4000)], first)
        journal.note_info({"at": first, "a.dotted": {"key": first}})
        journal.flush()
        journal.beat(NOON + timedelta(seconds=first))
        copy.advance(whole=True)
        here, there = open_store(str(store)), open_store(mongo_address)
        assert list(there.runs()) == list(here.runs())
        run = there.run(1)
        assert there.series(run, "loss") == here.series(run, "loss")
    assert faults(database) == []


def test_an_older_copy_overwrites_nothing_newer(store: Path, database: Any) -> None:
    journal = begin(store)
    slow = Copy(store / "1", database)
    slow.advance(whole=True)
    stale = slow._record
    log(journal, "loss", [1.0, 2.0, 3.0])
    journal.note_info({"note": "new"})
    end(journal)
    copied(store / "1", database)
    before = everything(database)
    assert slow._run is not None
    assert stale is not None
    slow._run.beat(NOON - timedelta(seconds=5))
    slow._run.update(slow._document(stale, slow._run, slow._metrics), slow._seen)  # type: ignore[arg-type]
    assert everything(database) == before


def test_a_run_that_was_deleted_there_while_it_goes_is_copied_again(store: Path, database: Any) -> None:
    journal = begin(store)
    log(journal, "loss", [1.0, 2.0])
    copy = copied(store / "1", database)
    database.runs.delete_many({})
    database.metrics.delete_many({})
    log(journal, "loss", [3.0], 2)
    end(journal)
    copy.advance(whole=True)
    assert faults(database) == []
    assert database.metrics.find_one({})["values"] == [1.0, 2.0, 3.0]


def test_a_number_that_another_run_has_there_is_left_to_it(
    store: Path, tmp_path: Path, database: Any
) -> None:
    database.runs.insert_one({"_id": 1, "status": "COMPLETED", "experiment": {"name": "theirs"}})
    make_run(store, tmp_path)
    assert copied(store / "1", database).id == 2
    assert copied(store / "1", database).id == 2
    assert database.runs.find_one({"_id": 1})["experiment"] == {"name": "theirs"}
    assert [metric["run_id"] for metric in database.metrics.find({})] == [2, 2]


def test_a_number_that_is_taken_after_it_was_chosen_is_exchanged(store: Path, database: Any) -> None:
    from tracker.stores.collections import BINDINGS

    journal = begin(store)
    database[BINDINGS].insert_one({"_id": journal.uuid, "run": 1})
    database.runs.insert_one({"_id": 1, "status": "COMPLETED"})
    assert copied(store / "1", database).id == 2
    assert database[BINDINGS].find_one({"_id": journal.uuid})["run"] == 2


@pytest.mark.unwatched
def test_long_metrics_are_thinned_for_omniboard_and_whole_for_readers(
    store: Path, database: Any, mongo_address: str
) -> None:
    journal = begin(store)
    values = [((step * 7919) % 10_007) / 10.0 for step in range(60_000)]
    for first in range(0, 60_000, 15_000):
        log(journal, "loss", values[first : first + 15_000], first)
    end(journal)
    copied(store / "1", database)
    (metric,) = database.metrics.find({})
    assert len(metric["values"]) <= 5000
    assert (metric["values"][0], metric["values"][-1]) == (values[0], values[-1])
    assert (min(metric["values"]), max(metric["values"])) == (min(values), max(values))
    here, there = open_store(str(store)), open_store(mongo_address)
    run = there.run(1)
    assert there.series(run, "loss").values == tuple(values)
    assert there.series(run, "loss").steps == tuple(range(60_000))
    for reduction in ("last", "max", "min", "mean"):
        assert there.values([run], "loss", reduction) == here.values([run], "loss", reduction)
    assert faults(database) == []


def test_long_output_keeps_its_ends_inline_and_is_whole_as_a_file(store: Path, database: Any) -> None:
    from gridfs import GridFS

    journal = begin(store)
    text = "".join(f"line {number}\n" for number in range(1_700_000))
    assert len(text) > 20_000_000
    journal.add_output(text)
    end(journal)
    copied(store / "1", database)
    run = database.runs.find_one({})
    assert len(run["captured_out"]) < 300_000
    assert run["captured_out"].startswith("line 0\n")
    assert run["captured_out"].endswith("line 1699999\n")
    assert "bytes are left out here" in run["captured_out"]
    (artifact,) = run["artifacts"]
    assert GridFS(database).get(artifact["file_id"]).read().decode() == text
    assert faults(database) == []


def test_a_large_info_loses_its_largest_keys_and_says_so(store: Path, database: Any) -> None:
    journal = begin(store)
    journal.note_info({"small": 1, "big": "x" * 9_000_000, "half": ["y" * 4_000_000]})
    journal.note_facts({"code": {"diff": "z" * 3_000_000}})
    end(journal, result={"huge": "r" * 2_000_000})
    copied(store / "1", database)
    run = database.runs.find_one({})
    assert set(run["info"]) == {"small", "half", "metrics", "tracker"}
    told = " ".join(run["info"]["tracker"]["left_out"])
    assert "info.big (9" in told
    assert "info.tracker.code" in told
    assert "result.huge (2" in told
    assert faults(database) == []


def test_a_file_that_is_missing_costs_itself_alone(store: Path, tmp_path: Path, database: Any) -> None:
    make_run(store, tmp_path)
    (store / "1" / "picture.png").unlink()
    copied(store / "1", database)
    run = database.runs.find_one({})
    assert run["artifacts"] == []
    assert run["status"] == "COMPLETED"
    assert "artifact picture.png cannot be read" in run["info"]["tracker"]["left_out"][0]
    assert faults(database) == []


def test_indexes_are_there_after_preparing(mongo_address: str, database: Any) -> None:
    from tracker.mirror.server import server_at

    server = server_at(mongo_address)
    for _ in range(2):
        server.prepare()
    keys = [index["key"] for index in database.metrics.index_information().values()]
    assert [("run_id", 1), ("name", 1)] in keys
    server.close()


def test_a_run_that_goes_shows_its_heartbeat(store: Path, database: Any) -> None:
    journal = begin(store, now=datetime.now(UTC))
    copy = copied(store / "1", database)
    beat = datetime.now(UTC) + timedelta(seconds=3)
    journal.beat(beat)
    copy.advance(whole=True)
    run = database.runs.find_one({})
    assert run["status"] == "RUNNING"
    assert abs(run["heartbeat"] - beat) < timedelta(milliseconds=1)


def everything(database: Any) -> dict[str, Any]:
    names = ("runs", "metrics", "tracker_points", "tracker_runs", "fs.files", "fs.chunks")
    return {
        name: sorted(database[name].find({}), key=lambda document: str(document["_id"])) for name in names
    }
