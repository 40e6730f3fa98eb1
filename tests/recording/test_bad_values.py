"""One bad value costs that value at most: many of them in few runs, each a real process."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.recording.conftest import Start, record_of

MANY = """
import sys, threading, time
import numpy, torch
from pathlib import Path
from tracker.recording import Experiment, record

experiment = Experiment("mine")
experiment.add_config({"big": 10**30, "array": numpy.float32(0.5), "pair": (1, 2)})
record(experiment)

class Nasty:
    def __str__(self):
        raise RuntimeError("nasty")
    __repr__ = __format__ = __float__ = __str__

@experiment.automain
def main(_run):
    tensor = torch.tensor(1.0)
    _run.log_scalar("tensor", tensor, 1)
    tensor += 5
    for step, value in enumerate([0.5, float("nan"), float("inf"), 0.25]):
        _run.log_scalar("loss", value, step)
    for value in ("text", Nasty(), [1], 10**400, numpy.float32(0.5)):
        _run.log_scalar("odd", value)
    _run.log_scalar("steps", 1.0, "seven")
    _run.log_scalar("steps", 2.0, numpy.int64(8))
    _run.info["good"] = 1
    _run.info["nasty"] = Nasty()
    _run.info["object"] = object()
    _run.info[("a", "$b")] = {3: {1, 2}, "path": Path("x"), "nan": float("nan")}
    _run.info["huge"] = torch.zeros(5000)
    _run.add_artifact("missing.txt")
    _run.add_resource("missing.bin")
    Path("good.txt").write_text("kept")
    Path("mine.json").write_text("{}")
    _run.add_artifact("good.txt", metadata={"nasty": Nasty()})
    _run.add_artifact("mine.json", name="run.json")
    _run.add_resource("good.txt")
    growing = _run.info["growing"] = {}
    until = time.monotonic() + 1.2
    number = 0
    while time.monotonic() < until:
        growing[number % 5000] = number
        if number > 4000:
            growing.pop(number % 5000)
        number += 1
    growing.clear()
    growing["last"] = "kept"
    print("the last line")
    _run.log_scalar("last", 1.0, 1)
    return {"nasty": Nasty(), "good": numpy.arange(3), "complex": 1j}
"""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of a run full of bad values, and what it said on stderr."""
    from tests.recording.conftest import popen

    folder = tmp_path_factory.mktemp("many")
    with popen(folder, MANY) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return folder / "runs", errors


def test_a_run_full_of_bad_values_completes_with_all_the_good_ones(many: tuple[Path, str]) -> None:
    record = record_of(many[0])

    assert record["run"]["status"] == "COMPLETED"
    assert record["metrics"]["tensor"]["values"] == [1.0]
    assert record["metrics"]["odd"]["values"] == [0.5]
    assert record["metrics"]["steps"]["steps"] == [8]
    assert record["metrics"]["last"]["values"] == [1.0]
    assert record["info"]["good"] == 1
    assert record["info"]["growing"] == {"last": "kept"}
    assert (many[0] / "1/cout.txt").read_text().endswith("the last line\n")


def test_points_that_are_not_finite_are_counted_and_warned_of_once(many: tuple[Path, str]) -> None:
    record = record_of(many[0])

    assert record["metrics"]["loss"]["values"] == [0.5, 0.25]
    assert record["info"]["tracker"]["not_finite"] == [{"metric": "loss", "first": 1, "last": 2, "count": 2}]
    assert many[1].count("metric loss has a value that is not finite") == 1


def test_everything_is_plain_json(many: tuple[Path, str]) -> None:
    record = record_of(many[0])

    assert "py/" not in json.dumps([record["run"], record["config"], record["metrics"]])
    assert record["config"] | {"seed": 0} == {
        "big": "1" + "0" * 30,
        "array": 0.5,
        "pair": [1, 2],
        "seed": 0,
    }
    assert record["run"]["result"]["good"] == [0, 1, 2]
    assert "nasty" in record["run"]["result"]["nasty"]
    assert record["info"]["huge"].startswith("<torch.Tensor of shape (5000,)")


def test_every_loss_is_told_on_stderr_and_in_the_record(many: tuple[Path, str]) -> None:
    left_out = "\n".join(record_of(many[0])["info"]["tracker"]["left_out"])

    for told in (
        "metric odd at step 0",
        "metric steps",
        "missing.txt",
        "missing.bin",
        "info.huge",
        "info.object",
    ):
        assert told in left_out
        assert told in many[1]


def test_artifacts_keep_their_content_also_under_a_reserved_name(many: tuple[Path, str]) -> None:
    record = record_of(many[0])

    assert record["run"]["artifacts"] == ["good.txt", "artifact_run.json"]
    assert (many[0] / "1/good.txt").read_text() == "kept"
    ((_, kept),) = record["run"]["resources"]
    assert (many[0] / kept).read_text() == "kept"


RESULT = """
import sys
from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)

class Nasty:
    def __str__(self):
        raise RuntimeError("nasty")

@experiment.automain
def main(_run):
    return Nasty()
"""


def test_a_result_that_cannot_be_printed_costs_the_result(start: Start, tmp_path: Path) -> None:
    answer = start(RESULT)

    assert answer.returncode == 0, answer.stderr
    assert record_of(tmp_path / "runs")["run"]["status"] == "COMPLETED"
    assert record_of(tmp_path / "runs")["run"]["result"] == "<__main__.Nasty object>"


OBSERVED = """
from sacred.observers import FileStorageObserver, RunObserver
from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)

class Failing(RunObserver):
    priority = 200
    beats = []
    def log_metrics(self, metrics_by_name, info):
        self.beats.append({name: series["values"] for name, series in metrics_by_name.items()})
        raise OSError("connection lost")

experiment.observers += [FileStorageObserver("runs"), FileStorageObserver("other"), Failing()]

@experiment.automain
def main(_run):
    import time
    for step in range(3):
        _run.log_scalar("loss", 1.0 / (step + 1), step)
        print("step", step)
        time.sleep(0.4)
"""


def test_observers_of_the_user_go_on_beside_ours(start: Start, tmp_path: Path) -> None:
    (tmp_path / "other/1").mkdir(parents=True)  # a number that is taken there, and free in ours

    end = """
    assert len(Failing.beats) > 1
    print("the end")
    raise RuntimeError("on purpose")
"""
    answer = start(f"{OBSERVED}{end}", "-b", "0.3")

    assert "on purpose" in answer.stderr
    ours, other = record_of(tmp_path / "runs", 1), record_of(tmp_path / "other", 2)
    assert ours["metrics"]["loss"]["values"] == [1.0, 0.5, 1 / 3]
    assert ours["metrics"]["loss"]["values"] == other["metrics"]["loss"]["values"]
    assert (tmp_path / "other/2/cout.txt").read_text() == "step 0\nstep 1\nstep 2\nthe end\n"
    assert answer.stderr.count("connection lost") == 1
    assert sorted(path.name for path in (tmp_path / "runs").iterdir() if path.name[0] != "_") == ["1"]


CAUSE = """
import sys
from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)

@experiment.automain
def main():
    raise RuntimeError("the user's own error at mongodb://me:secret@host/db") from ValueError("never raised")
"""


def test_an_error_with_a_cause_that_was_never_raised_is_shown(start: Start, tmp_path: Path) -> None:
    answer = start(CAUSE)

    assert answer.returncode == 1
    assert "the user's own error at mongodb://***@host/db" in answer.stderr
    assert "never raised" in answer.stderr
    assert "IndexError" not in answer.stderr
    assert "secret" not in "".join(record_of(tmp_path / "runs")["run"]["fail_trace"])[-300:]
