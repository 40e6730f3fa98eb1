"""However a run ends, its record is whole and tells the truth; each run a real process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.recording.conftest import Start, popen, record_of

SCRIPT = r"""
import os, signal, subprocess, sys, time
from tracker.recording import Experiment, record

experiment = Experiment("mine")
experiment.add_config({"act": "succeed"})
record(experiment)

@experiment.automain
def main(_run, act):
    print("begun", end="", flush=True)
    print()
    subprocess.run(["printf", r"a byte \377 of a child\n"])
    os.system("echo from a shell")
    for number in range(101):
        print(f"\r{number}%", end="")
    print()
    print("\n".join(f"line {number}" for number in range(2000)))
    _run.log_scalar("loss", 0.5, 1)
    if act == "fork":
        if os.fork() == 0:
            sys.exit(3)
        worker = os.fork()
        if worker == 0:
            time.sleep(30)
            os._exit(9)
        time.sleep(0.3)  # Python forgets signals that come while it forks
        os.kill(worker, signal.SIGTERM)
        (ends := [os.wait()[1], os.wait()[1]]).sort()
        assert ends == [signal.SIGTERM, 1 << 8] or ends == [signal.SIGTERM, 3 << 8], ends
    if act in ("wait", "kill"):
        print("waiting")
        print("the open end", end="")
        open("ready", "w").close()
        time.sleep(1.2 if act == "kill" else 60)
        os.kill(os.getpid(), signal.SIGKILL)
    if act == "stubborn":
        try:
            open("ready", "w").close()
            time.sleep(60)
        finally:
            for _ in range(3):
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(0.1)
            print("cleaned up")
    print("the open end", end="")
    if act == "fail":
        raise RuntimeError("on purpose")
    if act == "interrupt":
        raise KeyboardInterrupt
"""


def output_of(folder: Path) -> list[str]:
    """What the run printed, without Sacred's own lines."""
    lines = (folder / "runs/1/cout.txt").read_text().split("\n")
    return [line.partition("INFO")[0].partition("ERROR")[0].partition("WARN")[0] for line in lines]


@pytest.mark.parametrize("mode", ["fd", "sys"])
@pytest.mark.parametrize(
    ("act", "status", "code"),
    [("succeed", "COMPLETED", 0), ("fail", "FAILED", 1), ("interrupt", "INTERRUPTED", 130)],
)
def test_the_output_is_kept_to_the_last_line(
    start: Start, tmp_path: Path, mode: str, act: str, status: str, code: int
) -> None:
    answer = start(SCRIPT, "with", f"act={act}", "-C", mode)

    assert answer.returncode == code, answer.stderr
    assert record_of(tmp_path / "runs")["run"]["status"] == status
    lines = output_of(tmp_path)
    assert {"begun", "100%", *(f"line {number}" for number in range(2000)), "the open end"} <= set(lines)
    assert "99%" not in lines
    assert ("a byte \ufffd of a child" in lines, "from a shell" in lines) == (mode == "fd", mode == "fd")


def test_a_killed_run_has_all_but_its_last_moment(start: Start, tmp_path: Path) -> None:
    assert start(SCRIPT, "with", "act=kill").returncode == -signal.SIGKILL

    assert "waiting" in output_of(tmp_path)
    assert json.loads((tmp_path / "runs/1/points.jsonl").read_text())["values"] == [0.5]
    assert json.loads((tmp_path / "runs/1/run.json").read_text())["status"] == "RUNNING"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_an_experiment_that_runs_itself_quietly(tmp_path: Path, number: int) -> None:
    process = waiting(tmp_path, "act=wait")
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)

    assert (process.returncode, "Traceback" in errors) == (128 + number, False)
    assert "run 1 was interrupted; what it recorded is kept" in errors
    assert record_of(tmp_path / "runs")["run"]["status"] == "INTERRUPTED"
    assert "the open end" in output_of(tmp_path)


def test_further_signals_do_not_interrupt_the_end(tmp_path: Path) -> None:
    process = waiting(tmp_path, "act=stubborn")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 143
    assert record_of(tmp_path / "runs")["run"]["status"] == "INTERRUPTED"
    assert "cleaned up" in output_of(tmp_path)


def test_a_hangup_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under nohup."""
    script = SCRIPT.replace(
        "import os,", "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nimport os,", 1
    )
    process = waiting(tmp_path, "act=wait", script=script)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)

    assert process.returncode == 143


def test_a_forked_child_neither_ends_the_run_nor_survives_a_signal(start: Start, tmp_path: Path) -> None:
    answer = start(SCRIPT, "with", "act=fork")

    assert answer.returncode == 0, answer.stderr
    lines = (tmp_path / "runs/1/journal.jsonl").read_text().splitlines()
    assert [json.loads(line)["event"] for line in lines].count("ended") == 1
    assert record_of(tmp_path / "runs")["run"]["status"] == "COMPLETED"


def waiting(folder: Path, *updates: str, script: str = SCRIPT) -> subprocess.Popen[str]:
    process = popen(folder, script, "with", *updates)
    while not (folder / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    return process


IN_PROCESS = """
import signal, sys
import sacred
from tracker.recording import record

experiment = sacred.Experiment("mine", save_git_info=False)
record(experiment)
record(experiment)  # the second time changes nothing

@experiment.main
def main(_run, _seed):
    _run.log_scalar("loss", 0.5, 1)
    return _seed

runs = [experiment.run(config_updates={"seed": 7}, options={"--file_storage": place}) for place in "aab"]
assert [run._id for run in runs] == [1, 2, 1], [run._id for run in runs]
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

plain = sacred.Experiment("mine", save_git_info=False)
plain.main(lambda _seed: _seed)
assert plain.run("<lambda>", config_updates={"seed": 7}).result == runs[0].result
"""


def test_several_runs_in_one_process_are_recorded_one_by_one_with_the_seed_untouched(
    start: Start, tmp_path: Path
) -> None:
    answer = start(IN_PROCESS)

    assert answer.returncode == 0, answer.stderr
    records = [record_of(tmp_path / place, run) for place, run in (("a", 1), ("a", 2), ("b", 1))]
    assert {record["run"]["status"] for record in records} == {"COMPLETED"}
    assert len({record["info"]["tracker"]["uuid"] for record in records}) == 3
    assert len(list((tmp_path / "a").glob("[0-9]*"))) == 2


COST = """
import statistics, time
from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)

@experiment.automain
def main(_run):
    batches = []
    for batch in range(100):
        before = time.thread_time()
        for step in range(500):
            _run.log_scalar("loss", 0.5, step)
        batches.append((time.thread_time() - before) / 500)
    return statistics.median(batches) * 1e6
"""


def test_a_point_costs_less_than_ten_microseconds(start: Start, tmp_path: Path) -> None:
    assert start(COST).returncode == 0

    record = record_of(tmp_path / "runs")
    assert len(record["metrics"]["loss"]["values"]) == 50_000
    assert record["run"]["result"] < 10


def test_another_version_of_sacred_is_told_of() -> None:
    code = "import sacred; sacred.__version__ = '0.9'; import tracker.recording"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    assert answer.returncode == 0
    assert "only the internals of Sacred 0.8.7 are mended; this is 0.9" in answer.stderr


IMPATIENT = """
import os, signal, threading, time
from pathlib import Path
from tracker.recording import Experiment, record

experiment = Experiment("mine")
record(experiment)

def end_at_once():
    while not Path("runs/1/journal.jsonl").exists():
        time.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)

@experiment.main
def main(_run):
    time.sleep(30)

threading.Thread(target=end_at_once, daemon=True).start()
experiment.run_commandline()
"""


def test_a_run_that_is_asked_to_end_while_it_begins_is_interrupted(tmp_path: Path) -> None:
    process = popen(tmp_path, IMPATIENT)

    process.communicate(timeout=30)

    assert process.returncode == 143
    assert record_of(tmp_path / "runs")["run"]["status"] == "INTERRUPTED"
