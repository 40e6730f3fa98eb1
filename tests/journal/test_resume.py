"""A run whose process was lost, taken up in its folder by another one."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.journal.conftest import NOON
from tracker.errors import StoreError
from tracker.journal.layout import JOURNAL, METRICS, POINTS
from tracker.journal.reader import (
    journaled_values,
    metric_names,
    new_points,
    read_output,
    read_points,
    read_record,
)
from tracker.journal.resume import ResumedJournal
from tracker.journal.writer import RunJournal

Begin = Callable[..., RunJournal]

PART = {"host": "there", "code": {"commit": "abc"}}


def later(minutes: float) -> Any:
    return NOON + timedelta(minutes=minutes)


def resume(journal: RunJournal, minutes: float = 10) -> ResumedJournal:
    said: list[str] = []
    return ResumedJournal.resume(
        journal.folder, journal.id, journal.uuid, PART, now=later(minutes), warn=said.append
    )


def log(journal: RunJournal, name: str, *steps: int) -> None:
    journal.add_points(name, steps, [step / 10 for step in steps], [10**15 + step for step in steps])
    journal.flush()


def document(journal: RunJournal) -> dict[str, Any]:
    record = read_record(journal.folder)
    assert record is not None
    return record.document


def facts(journal: RunJournal) -> dict[str, Any]:
    found: dict[str, Any] = document(journal)["info"]["tracker"]
    return found


def test_what_was_told_after_the_state_was_saved_does_not_count(begin: Begin) -> None:
    first = begin()
    log(first, "loss", 1, 2)
    log(first, "epochs", 1)
    first.settle(2)
    log(first, "loss", 3, 4)
    log(first, "lost", 3)
    log(first, "epochs", 2)

    second = resume(first)
    assert read_points(first.folder, "loss").steps == [
        1,
        2,
        3,
        4,
    ]  # nothing is known yet of what it goes on after
    assert second.went_on(2) == {"loss": 2, "epochs": 1}
    log(second, "loss", 3, 4, 5)
    log(second, "epochs", 2)

    assert read_points(first.folder, "loss").steps == [1, 2, 3, 4, 5]
    assert read_points(first.folder, "epochs").steps == [1, 2]
    assert metric_names(first.folder) == ("epochs", "loss")
    assert journaled_values(first.folder, "loss") == ([0.1, 0.2, 0.3, 0.4, 0.5], 5)
    second.end("COMPLETED", later(20))
    metrics = json.loads((first.folder / METRICS).read_text())
    assert {name: metric["steps"] for name, metric in metrics.items()} == {
        "epochs": [1, 2],
        "loss": [1, 2, 3, 4, 5],
    }


def test_the_run_says_running_again_and_then_how_it_ended(begin: Begin) -> None:
    first = begin()
    first.end("INTERRUPTED", later(1), result=3, elapsed=60.0)
    before = document(first)

    second = resume(first)
    going = document(first)
    assert going["status"] == "RUNNING"
    assert not {"stop_time", "result", "fail_trace"} & going.keys()
    assert going["start_time"] == before["start_time"]
    assert json.loads((first.folder / "run.json").read_text())["status"] == "RUNNING"

    second.went_on(0)
    second.end("COMPLETED", later(12), result=5, elapsed=120.0)
    after = document(first)
    assert (after["status"], after["result"], after["stop_time"]) == ("COMPLETED", 5, later(12))
    assert after["info"]["tracker"]["uuid"] == before["info"]["tracker"]["uuid"]


def test_the_parts_tell_when_each_process_lived(begin: Begin) -> None:
    first = begin()
    first.note_facts({"code": {"commit": "old"}})
    first.flush()
    first.beat(later(3))
    for path in first.folder.iterdir():
        os.utime(path, (NOON.timestamp(), NOON.timestamp()))
    second = resume(first)
    second.settle(0)
    second.end("INTERRUPTED", later(11), elapsed=60.0)
    third = resume(first, 30)
    third.went_on(0)
    third.end("COMPLETED", later(32), elapsed=120.0)

    one, two, three = facts(first)["parts"]
    assert (one["host"], one["code"], one["seconds"]) == ("here", {"commit": "old"}, 180.0)
    assert (two["host"], two["code"], two["seconds"]) == ("there", {"commit": "abc"}, 60.0)
    assert (two["after_step"], three["after_step"]) == (None, 0)
    assert three["started"] == "2026-11-21T12:30:00.000000+00:00"
    assert three["ended"] == "2026-11-21T12:32:00.000000+00:00"
    assert facts(first)["elapsed"] == 180.0 + 60.0 + 120.0


def test_a_run_of_one_process_tells_of_no_parts(begin: Begin) -> None:
    journal = begin()
    journal.settle(3)
    journal.end("COMPLETED", later(1))
    assert "parts" not in facts(journal)


def test_a_run_that_logs_without_a_word_has_begun_anew(begin: Begin) -> None:
    first = begin()
    log(first, "loss", 1, 2)
    first.settle(2)

    second = resume(first)
    log(second, "loss", 1)

    assert read_points(first.folder, "loss").steps == [1]
    assert facts(first)["parts"][1]["after_step"] is None
    second.went_on(2)
    second.flush()
    assert any("too late" in word for word in facts(first)["left_out"])


def test_facts_and_info_of_the_lost_part_are_put_back(begin: Begin) -> None:
    first = begin()
    first.note_info({"best": 1, "training": "first"})
    first.add_points("loss", [1, 2], [1.0, float("nan")], [1, 2])
    first.settle(2)
    first.note_info({"best": 2, "training": "first", "late": True})
    first.add_points("loss", [3], [float("inf")], [3])
    first.note_facts({"diverged": {"step": 3, "layer": ""}})
    first.flush()
    assert facts(first)["not_finite"][0]["count"] == 2

    second = resume(first)
    second.note_info({"training": "second"})
    second.went_on(2)
    second.flush()

    info = document(first)["info"]
    assert {name: info[name] for name in info if name != "tracker"} == {"best": 1, "training": "second"}
    assert info["tracker"]["not_finite"] == [{"metric": "loss", "first": 2, "last": 2, "count": 1}]
    assert "diverged" not in info["tracker"]
    second.add_points("loss", [3], [float("inf")], [3])
    second.flush()
    assert facts(first)["not_finite"][0]["count"] == 2


def test_anew_nothing_of_the_lost_part_is_left_but_its_output(begin: Begin) -> None:
    first = begin()
    first.note_info({"best": 1})
    log(first, "loss", 1)
    first.add_output("first\n")
    first.settle(1)

    second = resume(first)
    second.went_on(None)
    second.add_output("second\n")
    second.flush()

    assert metric_names(first.folder) == ()
    assert "best" not in document(first)["info"]
    assert read_output(first.folder) == "first\nsecond\n"


def test_where_nothing_was_settled_points_are_kept_up_to_the_first_later_one(begin: Begin) -> None:
    first = begin()
    log(first, "loss", 1, 2)
    log(first, "loss", 3)
    log(first, "loss", 4)

    second = resume(first)
    assert second.went_on(3) == {"loss": 3}
    second.flush()

    assert read_points(first.folder, "loss").steps == [1, 2, 3]
    assert any("nothing was settled at step 3" in word for word in facts(first)["left_out"])


def test_a_torn_line_of_the_lost_part_costs_itself(begin: Begin) -> None:
    first = begin()
    log(first, "loss", 1)
    first.settle(1)
    for name in (POINTS, JOURNAL):
        with (first.folder / name).open("ab") as file:
            file.write(b'{"name":"loss","steps":[2],"val')

    second = resume(first)
    second.went_on(1)
    log(second, "loss", 2)

    assert read_points(first.folder, "loss").steps == [1, 2]
    assert metric_names(first.folder) == ("loss",)
    assert document(first)["status"] == "RUNNING"


def test_artifacts_sources_and_what_was_left_out_stay(begin: Begin, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    (tmp_path / "b.py").write_text("2")
    first = begin()
    first.note_sources([("a.py", tmp_path / "a.py")])
    first.add_artifact("a.py", tmp_path / "a.py")
    first.leave_out("something")
    first.flush()

    second = resume(first)
    second.note_sources([("b.py", tmp_path / "b.py")])
    second.add_artifact("b.py", tmp_path / "b.py")
    second.leave_out("something else")
    second.flush()

    after = document(first)
    assert [name for name, _ in after["experiment"]["sources"]] == ["a.py", "b.py"]
    assert [artifact["name"] for artifact in after["artifacts"]] == ["a.py", "b.py"]
    assert facts(first)["left_out"] == ["something", "something else"]


def test_a_run_that_cannot_be_written_is_left_as_it_was(begin: Begin, files_up_to: Any) -> None:
    first = begin()
    log(first, "loss", 1)
    first.end("INTERRUPTED", later(1))
    size = (first.folder / JOURNAL).stat().st_size

    with files_up_to(size), pytest.raises(StoreError, match=r"cannot go on .*: make room"):
        resume(first)

    assert document(first)["status"] == "INTERRUPTED"


@pytest.mark.unwatched
@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 4), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
def test_however_often_a_run_goes_on_every_step_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int, bool]]
) -> None:
    store = tmp_path_factory.mktemp("runs")
    record = {"experiment": {"name": "tiny"}, "command": "main", "config": {}, "host": {}, "meta": {}}
    journal: RunJournal = RunJournal.start(store, record, now=NOON)
    saved = 0
    journal.settle(0)
    for epochs, lost, damaged in parts:
        step = saved
        for _ in range(epochs):
            step += 1
            log(journal, "loss", 2 * step - 1, 2 * step)
            log(journal, f"name {step % 3}", step)
            journal.settle(step)
        saved = step
        for step in range(saved + 1, saved + 1 + lost):
            log(journal, "loss", 2 * step - 1, 2 * step)
            log(journal, "lost", step)
        journal = resume(journal)
        saved = 0 if damaged else saved
        journal.went_on(None if damaged else saved)
    journal.settle(saved)

    folder = store / "1"
    assert read_points(folder, "loss").steps == list(range(1, 2 * saved + 1))
    assert metric_names(folder) == tuple(
        sorted(({"loss"} if saved else set()) | {f"name {step % 3}" for step in range(1, saved + 1)})
    )
    journal.end("COMPLETED", later(20))
    metrics = json.loads((folder / METRICS).read_text())
    assert {name: len(metric["steps"]) for name, metric in metrics.items()} == {
        name: len(read_points(folder, name).steps) for name in metric_names(folder)
    }
    assert new_points(folder, 0)[1] == (folder / POINTS).stat().st_size
