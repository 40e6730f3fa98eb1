"""What a run tells its journal is read back; what cannot be told costs itself."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.journal.told import info_of, record_of
from tracker.errors import StoreError
from tracker.journal.layout import HEARTBEAT, JOURNAL, OUTPUT, POINTS
from tracker.journal.reader import read_output, read_points, read_record
from tracker.journal.writer import MOST_LEFT_OUT, RunJournal

Begin = Callable[..., RunJournal]

LATER = datetime(2026, 11, 21, 13, tzinfo=UTC)


def test_a_run_that_began_is_on_disk_before_anything_else_happens(begin: Begin) -> None:
    journal = begin(uuid="5eed")
    record = read_record(journal.folder)
    assert record is not None
    assert (record.id, journal.id, journal.uuid, journal.trouble) == (1, 1, "5eed", "")
    document = record.document
    assert (document["status"], document["config"]) == ("RUNNING", {"lr": 0.1, "seed": 3})
    assert document["info"] == {"tracker": {"uuid": "5eed"}}
    assert document["start_time"] == document["heartbeat"] == LATER - timedelta(hours=1)
    assert sorted(file.name for file in journal.folder.iterdir()) == [
        "config.json", OUTPUT, HEARTBEAT, JOURNAL, POINTS, "run.json",
    ]  # fmt: skip


def test_every_run_has_an_identity_of_its_own(begin: Begin) -> None:
    assert len({begin().uuid for _ in range(3)}) == 3


def test_a_queued_run_waits_without_time_and_heartbeat(begin: Begin) -> None:
    document = record_of(begin(event="queued")).document
    assert document["status"] == "QUEUED"
    assert not {"start_time", "heartbeat", "stop_time"} & set(document)


def test_what_cannot_be_recorded_of_the_record_is_told_in_it(begin: Begin, record: dict[str, Any]) -> None:
    warnings: list[str] = []
    config = {"lr": math.nan, "norm": object(), "sizes": (1, 2)}
    document = record_of(begin(record={**record, "config": config}, warn=warnings.append)).document
    assert document["config"] == {"lr": "nan", "norm": "<object object>", "sizes": [1, 2]}
    assert warnings == document["info"]["tracker"]["left_out"]
    assert warnings == ["config.norm is recorded as the text <object object>"]


def test_points_come_back_as_they_were(begin: Begin) -> None:
    journal = begin()
    journal.add_points("loss", [0, 10], [0.5, numpy.float64(0.25)], [10**15, 10**15 + 7])
    journal.add_points('odd "ä",\\', [0.5], [3], [10**15])
    steps: list[Any] = [numpy.int64(20)]
    journal.add_points("loss", steps, [1e-300], [10**15 - 5])
    journal.add_points("loss", [], [], [])
    journal.flush()
    points = read_points(journal.folder, "loss")
    assert (points.steps, points.values) == ([0, 10, 20], [0.5, 0.25, 1e-300])
    assert points.times == [10**15, 10**15 + 7, 10**15 - 5]
    assert read_points(journal.folder, 'odd "ä",\\').values == [3]
    assert read_points(journal.folder, "los").values == []


def test_points_that_are_not_finite_are_counted_in_place_of_being_written(begin: Begin) -> None:
    journal = begin()
    bad: list[Any] = [math.nan, 1.0, math.inf, "high", None]
    journal.add_points("loss", range(5), bad, [10**15] * 5)
    journal.add_points("loss", [7], [-math.inf], [10**15])
    journal.add_points("fine", [math.nan, 2, 3], [1.0, 2**70, 2**2000], [10**15] * 3)
    counts = info_of(journal)["tracker"]["not_finite"]
    assert counts == [
        {"metric": "loss", "first": 0, "last": 7, "count": 5},
        {"metric": "fine", "first": None, "last": 3, "count": 2},
    ]
    assert read_points(journal.folder, "loss").values == [1.0]
    assert read_points(journal.folder, "fine").values == [float(2**70)]


def test_names_and_times_of_other_kinds_are_taken(begin: Begin) -> None:
    journal = begin()
    strange: Any = 5
    times: list[Any] = [numpy.int64(10**15)]
    journal.add_points(strange, [0], [0.5], times)
    journal.flush()
    assert read_points(journal.folder, "5").times == [10**15]
    journal.end("COMPLETED", LATER, result=2**70, elapsed=math.nan)
    found = info_of(journal)["tracker"]["elapsed"], record_of(journal).document["result"]
    assert found == ("nan", str(2**70))


def test_output_comes_by_whole_lines_and_the_open_one_at_the_end(begin: Begin) -> None:
    journal = begin()
    for text in ("one\ntw", "", "o", "\n\nthr", "ee \ud800\r"):
        journal.add_output(text)
    journal.flush()
    assert read_output(journal.folder) == "one\ntwo\n\n"
    journal.end("COMPLETED", LATER)
    assert read_output(journal.folder) == "one\ntwo\n\nthree ?\r"


def test_only_what_changed_of_the_info_is_journaled(begin: Begin) -> None:
    journal = begin()
    journal.note_info({"a": 1, "b": {"c": [1, 2]}, "gone": 0})
    journal.flush()
    size = (journal.folder / JOURNAL).stat().st_size
    journal.note_info({"a": 1, "b": {"c": [1, 2]}, "gone": 0})
    journal.flush()
    assert (journal.folder / JOURNAL).stat().st_size == size
    journal.note_info({"a": 1, "b": {"c": [1, 3]}})
    assert info_of(journal) == {"a": 1, "b": {"c": [1, 3]}, "tracker": {"uuid": journal.uuid}}
    assert (journal.folder / JOURNAL).read_text().count('"a"') == 1


def test_info_that_never_holds_still_is_told_when_it_does(begin: Begin) -> None:
    class Unsteady(dict[str, int]):
        def items(self) -> Any:
            raise RuntimeError("dictionary changed size during iteration")

    journal = begin(warn=lambda _: None)
    journal.note_info({"a": 1})
    journal.note_info(Unsteady(a=2))
    assert info_of(journal)["a"] == 1
    journal.note_info({"a": 3})
    assert info_of(journal)["a"] == 3


def test_facts_are_added_to_what_the_user_put_in_the_same_place(begin: Begin) -> None:
    journal = begin()
    journal.note_facts({"questions": ["depth"], "uuid": "not yours"})
    journal.note_info({"tracker": {"diverged": {"step": 7}, "questions": "mine"}})
    journal.note_facts({"code": {"commit": "c0de"}})
    assert info_of(journal)["tracker"] == {
        "diverged": {"step": 7},
        "questions": ["depth"],
        "uuid": journal.uuid,
        "code": {"commit": "c0de"},
    }
    journal.note_info({"tracker": "a word"})
    assert info_of(journal)["tracker"]["value"] == "a word"


def test_the_same_value_is_warned_of_once_and_very_many_are_not_told(begin: Begin) -> None:
    warnings: list[str] = []
    journal = begin(warn=warnings.append)
    for _ in range(3):
        journal.note_info({"bad": len})
    assert len(warnings) == 1
    journal.note_info({f"bad {count}": len for count in range(2 * MOST_LEFT_OUT)})
    assert len(info_of(journal)["tracker"]["left_out"]) == MOST_LEFT_OUT


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT"])
def test_the_end_tells_how_and_when(begin: Begin, status: str) -> None:
    journal = begin()
    trace = ["Traceback\n", "ValueError: no\n"] if status == "FAILED" else None
    journal.end(status, LATER, result=numpy.float32(0.5), fail_trace=trace, elapsed=12.5)
    document = record_of(journal).document
    assert (document["status"], document["stop_time"]) == (status, LATER)
    assert (document["result"], document.get("fail_trace")) == (0.5, trace)
    assert document["info"]["tracker"]["elapsed"] == 12.5
    assert journal.trouble == ""


def test_a_journal_that_is_opened_again_goes_on(begin: Begin) -> None:
    first = begin()
    first.add_points("loss", [0], [0.5], [10**15])
    first.flush()
    again = RunJournal(first.folder, first.id, first.uuid)
    again.add_points("loss", [1], [0.25], [10**15])
    again.end("COMPLETED", LATER)
    assert record_of(again).document["status"] == "COMPLETED"
    assert read_points(first.folder, "loss").values == [0.5, 0.25]


def test_many_threads_may_tell_at_once(begin: Begin) -> None:
    journal = begin()

    def tell(thread: int) -> None:
        for step in range(200):
            journal.add_points(f"loss {thread}", [step], [step / 3], [10**15])
            journal.add_output(f"{thread} {step}\n")
            journal.note_info({"last": thread * 1000 + step})
            journal.flush()

    threads = [threading.Thread(target=tell, args=(thread,)) for thread in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(read_points(journal.folder, f"loss {thread}").steps == list(range(200)) for thread in range(4))
    assert len(read_output(journal.folder).splitlines()) == 800
    assert info_of(journal)["last"] % 1000 == 199


def test_a_run_that_cannot_be_begun_leaves_nothing(tmp_path: Path, record: dict[str, Any]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file is a file"):
        RunJournal.start(tmp_path / "file", record, now=LATER)
    RunJournal.start(tmp_path / "runs", record, now=LATER, wanted=7)
    with pytest.raises(StoreError, match="run 7 is already in"):
        RunJournal.start(tmp_path / "runs", record, now=LATER, wanted=7)
    assert RunJournal.start(tmp_path / "runs", record, now=LATER, at_least=30).id == 31
