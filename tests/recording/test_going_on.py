"""Runs of anybody's experiment that go on after an interruption; each a real process."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.recording.conftest import popen, record_of
from tracker import open_store
from tracker.journal.heartbeat import beat
from tracker.leases.base import Holder
from tracker.leases.holder import is_gone, is_here, this_process
from tracker.recording.checkpoints import Note, read_note, write_note

SCRIPT = """
import json, os, signal, time
from tracker.recording import Experiment, checkpoint_path, record, run_commandline, settle, went_on

experiment = Experiment("mine")
experiment.add_config({"lr": 0.1, "steps": 6})
record(experiment)

@experiment.main
def main(_run, lr, steps):
    place, step, value = checkpoint_path(), 0, 1.0
    if place and place.exists():
        step, value = json.loads(place.read_text())
        went_on(_run, step)
    print("begins after", step, flush=True)
    while step < steps:
        step, value = step + 1, value * (1 - lr)
        _run.log_scalar("loss", value, step)
        _run.log_scalar("counted", value)
        if step % 2 == 0 and place:
            settle(_run, step)
            place.write_text(json.dumps([step, value]))
        if step == int(os.environ.get("END_AT", 0)):
            time.sleep(0.7)
            if "FAIL" in os.environ:
                raise RuntimeError("on purpose")
            if "WAIT" in os.environ:
                open("ready", "w").close()
                time.sleep(60)
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))
            time.sleep(60)
    return value

run_commandline(experiment)
"""
LOSSES = [0.9, 0.81, 0.729, 0.6561, 0.59049, 0.531441]
KILLED = {"SIGNAL": "9"}

Go = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def go(tmp_path: Path) -> Go:
    """go(*words, **environ) runs the experiment with a place for its state."""

    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        place = {"TRACKER_CHECKPOINT": "runs/_checkpoints/key", "TRACKER_LEASE": "", **environ}
        with popen(tmp_path, SCRIPT, *(words or ("with", "seed=1")), **place) as process:
            output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run


def checkpoint(folder: Path) -> Path:
    return folder / "runs" / "_checkpoints" / "key"


def facts(store: Path, run: int = 1) -> dict[str, Any]:
    (found,) = (one for one in open_store(str(store)).runs() if one.id == run)
    return dict(found.info["tracker"])


def ids(store: Path) -> list[Any]:
    return [run.id for run in open_store(str(store)).runs()]


def losses(store: Path, run: int = 1) -> list[float]:
    opened = open_store(str(store))
    return [round(value, 9) for value in opened.series(opened.run(run), "loss").values]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_a_signal_ended_goes_on_in_its_record(go: Go, tmp_path: Path, number: int) -> None:
    assert go(END_AT="3", SIGNAL=str(int(number))).returncode != 0
    ended = go(END_AT="5", SIGNAL=str(int(number)))
    assert "begins after 2" in ended.stdout
    answer = go()

    assert answer.returncode == 0, answer.stderr
    store = tmp_path / "runs"
    assert (ids(store), losses(store)) == ([1], LOSSES)
    recorded = record_of(store)
    assert recorded["run"]["status"] == "COMPLETED"
    assert [round(value, 9) for value in recorded["metrics"]["loss"]["values"]] == LOSSES
    assert recorded["metrics"]["counted"]["steps"] == [0, 1, 2, 3, 4, 5]
    assert [part.get("after_step") for part in facts(store)["parts"]] == [None, 2, 4]
    output = (store / "1" / "cout.txt").read_text()
    assert [line for line in output.splitlines() if line.startswith("begins")] == [
        f"begins after {step}" for step in (0, 2, 4)
    ]


def test_its_hours_are_those_in_which_it_lived(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", **KILLED)
    go()

    run = open_store(str(tmp_path / "runs")).run(1)
    one, two = run.parts
    assert run.started is not None
    assert run.stopped is not None
    assert run.hours * 3600 == pytest.approx(one["seconds"] + two["seconds"], abs=0.1)
    assert run.hours < (run.stopped - run.started).total_seconds() / 3600


def test_without_a_place_for_the_state_every_start_is_a_run(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", TRACKER_CHECKPOINT="", **KILLED)
    go(TRACKER_CHECKPOINT="")
    assert (ids(tmp_path / "runs"), losses(tmp_path / "runs", 2)) == ([1, 2], LOSSES)
    assert "parts" not in facts(tmp_path / "runs", 2)


def test_a_run_that_was_killed_before_it_kept_a_state_begins_anew_in_its_record(
    go: Go, tmp_path: Path
) -> None:
    go(END_AT="1", **KILLED)
    go()
    assert (ids(tmp_path / "runs"), losses(tmp_path / "runs")) == ([1], LOSSES)
    assert facts(tmp_path / "runs")["parts"][1]["after_step"] is None


@pytest.mark.parametrize(
    "words", [("with", "seed=2"), ("with", "seed=1", "lr=0.2"), ("-i", "9", "with", "seed=1")]
)
def test_another_configuration_or_number_is_another_run(
    go: Go, tmp_path: Path, words: tuple[str, ...]
) -> None:
    go(END_AT="3", **KILLED)
    go(*words)
    assert ids(tmp_path / "runs") == [1, 9 if "-i" in words else 2]
    assert open_store(str(tmp_path / "runs")).run(1).status == "RUNNING"


def test_a_run_that_failed_is_not_touched_and_the_next_one_names_it(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", FAIL="1")
    failed = facts(tmp_path / "runs")
    go()

    store = tmp_path / "runs"
    assert [run.status for run in open_store(str(store)).runs()] == ["FAILED", "COMPLETED"]
    assert losses(store, 2) == LOSSES[2:]
    told = facts(store, 2)["continues"]
    assert (told["run"], told["uuid"], told["after_step"]) == (1, failed["uuid"], 2)


def test_a_run_that_is_alive_is_refused_in_one_line(go: Go, tmp_path: Path) -> None:
    place = {"TRACKER_CHECKPOINT": "runs/_checkpoints/key"}
    with popen(tmp_path, SCRIPT, "with", "seed=1", END_AT="3", WAIT="1", **place) as process:
        while not (tmp_path / "ready").exists() and process.poll() is None:
            time.sleep(0.05)
        answer = go()
        process.kill()

    assert answer.returncode == 1
    assert f"run 1 in {tmp_path}/runs still goes on, as process {process.pid} on" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert ids(tmp_path / "runs") == [1]
    assert (go().returncode, losses(tmp_path / "runs")) == (0, LOSSES)


def test_whoever_holds_the_lease_waits_until_the_old_process_has_ended(go: Go, tmp_path: Path) -> None:
    place = {"TRACKER_CHECKPOINT": "runs/_checkpoints/key"}
    with popen(tmp_path, SCRIPT, "with", "seed=1", END_AT="3", WAIT="1", **place) as first:
        while not (tmp_path / "ready").exists() and first.poll() is None:
            time.sleep(0.05)
        with popen(tmp_path, SCRIPT, "with", "seed=1", TRACKER_LEASE="abc", **place) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=4)
            first.kill()
            output, errors = second.communicate(timeout=60)

    assert second.returncode == 0, errors
    assert "begins after 2" in output
    assert (ids(tmp_path / "runs"), facts(tmp_path / "runs")["lease"]) == ([1], "abc")


def test_a_process_on_another_machine_lives_as_long_as_its_heart_beats(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", **KILLED)
    note = read_note(checkpoint(tmp_path))
    assert note is not None
    elsewhere = Note(note.run, note.uuid, note.store, Holder("elsewhere", 1, 1, "boot"))
    write_note(checkpoint(tmp_path), elsewhere)
    beat(tmp_path / "runs" / "1", datetime.now(UTC))

    refused = go()
    beat(tmp_path / "runs" / "1", datetime(2026, 1, 1, tzinfo=UTC))
    taken = go()

    assert "still goes on, as process 1 on elsewhere" in refused.stderr
    assert (taken.returncode, losses(tmp_path / "runs")) == (0, LOSSES)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"run": 1}', b"\xff"])
def test_a_damaged_note_makes_another_run(go: Go, tmp_path: Path, content: bytes) -> None:
    go(END_AT="3", **KILLED)
    (tmp_path / "runs" / "_checkpoints" / "key.run.json").write_bytes(content)

    assert go().returncode == 0
    assert ids(tmp_path / "runs") == [1, 2]
    assert losses(tmp_path / "runs", 2) == LOSSES[2:]


def test_a_run_that_was_deleted_or_replaced_is_not_taken_up(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", **KILLED)
    go("with", "seed=5", TRACKER_CHECKPOINT="")
    store = tmp_path / "runs"
    (store / "1").rename(tmp_path / "gone")
    (store / "2").rename(store / "1")

    assert go().returncode == 0
    assert [run.seed for run in open_store(str(store)).runs()] == [5, 1]
    assert facts(store, 3)["continues"]["run"] == 1


def test_of_two_that_take_a_run_up_at_once_one_does(go: Go, tmp_path: Path) -> None:
    go(END_AT="3", **KILLED)
    place = {"TRACKER_CHECKPOINT": "runs/_checkpoints/key", "END_AT": "6", "WAIT": "1"}
    both = [popen(tmp_path, SCRIPT, "with", "seed=1", **place) for _ in range(2)]
    while all(process.poll() is None for process in both):
        time.sleep(0.05)
    (refused,) = [process for process in both if process.poll() is not None]
    (going,) = [process for process in both if process is not refused]
    _, errors = refused.communicate(timeout=60)
    going.send_signal(signal.SIGTERM)
    going.communicate(timeout=60)

    assert f"still goes on, as process {going.pid}" in errors
    assert ids(tmp_path / "runs") == [1]
    assert len(facts(tmp_path / "runs")["parts"]) == 2


def test_other_code_goes_on_and_the_record_says_so(go: Go, tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=me", "-c", "user.email=me@example.org")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "mine.py").write_text(SCRIPT)
    (tmp_path / "more.py").write_text("one\n")
    git("init")
    git("add", "mine.py", "more.py")
    git("commit", "-m", "one")
    go(END_AT="3", **KILLED)
    (tmp_path / "more.py").write_text("two\n")
    git("commit", "-am", "two")
    (tmp_path / "more.py").write_text("three\n")
    go()

    from tracker.surroundings import code_state

    run = open_store(str(tmp_path / "runs")).run(1)
    one, two = (part["code"] for part in run.parts)
    assert one["commit"] != two["commit"]
    assert run.info["tracker"]["code"] == one
    assert code_state(run) == f"{one['commit'][:10]}, then {two['commit'][:10]} with changes"
    assert open_store(str(tmp_path / "runs")).artifacts(run) == ("code.diff",)


@pytest.mark.mongo
def test_a_run_that_is_copied_goes_on_in_its_document(go: Go, tmp_path: Path, mongo_address: str) -> None:
    place = {"TRACKER_STORE": mongo_address}
    go(END_AT="3", **KILLED, **place)
    go(END_AT="5", SIGNAL="15", **place)
    answer = go(**place)

    assert answer.returncode == 0, answer.stderr
    here, there = open_store(str(tmp_path / "runs")), open_store(mongo_address)
    (run,) = there.runs()
    assert run.status == "COMPLETED"
    assert there.series(run, "loss").steps == (1, 2, 3, 4, 5, 6)
    for name in ("loss", "counted"):
        assert there.series(run, name).values == here.series(run, name).values
    assert [part.get("after_step") for part in run.parts] == [None, 2, 4]


def test_an_unobserved_run_may_go_on_as_it_likes(go: Go, tmp_path: Path) -> None:
    (tmp_path / "runs" / "_checkpoints").mkdir(parents=True)
    go("-u", "with", "seed=1", END_AT="3", **KILLED)
    answer = go("-u", "with", "seed=1")
    assert (answer.returncode, "begins after 2" in answer.stdout) == (0, True)
    assert ids(tmp_path / "runs") == []


def test_the_note_names_the_run_and_this_very_process(tmp_path: Path) -> None:
    note = Note(3, "abc", "runs", this_process())
    write_note(tmp_path / "deep" / "key", note)
    assert read_note(tmp_path / "deep" / "key") == note
    assert json.loads((tmp_path / "deep" / "key.run.json").read_text())["run"] == 3
    assert is_here(note.process)
    assert not is_gone(note.process)
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert is_gone(replace(note.process, pid=process.pid))
