"""A toy experiment, quick to start and honest in its record, with questions about it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TOY = """
import os, pathlib, signal, sys, time
from tracker.recording import Experiment, record, run_commandline

experiment = Experiment("toy", save_git_info=False)
experiment.add_config({"x": 1, "act": "succeed", "nap": 0.0})
record(experiment)

@experiment.main
def main(_run, x, act, nap, seed):
    if act == "ignore":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("toy started", flush=True)
    time.sleep(nap)
    before = pathlib.Path(f"before-{x}-{seed}")
    if act.endswith("once") and x == 2 and not before.exists():
        before.touch()
        if act == "kill once":
            os.kill(os.getpid(), signal.SIGKILL)
        raise RuntimeError("on purpose")
    if act == "fail" or (act == "fail at 2" and x == 2):
        raise RuntimeError("on purpose")
    _run.log_scalar("test.accuracy", 10.0 * x + seed, 1)
    return x

if __name__ == "__main__":
    run_commandline(experiment)
"""

HEAD = """
version: 1
metric: {name: test.accuracy}
defaults: {experiment: toy, launch: python toy.py, seeds: [1, 2], setup: {act: succeed}}
tree:"""
QUESTIONS = (
    HEAD
    + """
  - {id: first, question: "Does x matter?", parameter: x, values: [1, 2, 3], baseline: 1}
  - {id: again, question: "Does x matter up to 2?", parameter: x, values: [1, 2], baseline: 1}
"""
)

# coverage watches the sweep alone: tests/recording and tests/sweeps/runner watch what it starts
SWEEPS = """
import os
os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
from sweeps.cli import main
main()
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the toy and its questions."""
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "questions.yaml").write_text(QUESTIONS)
    return tmp_path


@pytest.fixture
def start(place: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `sweeps WORDS` in that folder."""

    begun: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-c", SWEEPS, *words],
                cwd=place,
                env={**os.environ, "TRACKER_STORE": ""},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return begun[-1]

    yield begin
    for process in begun:
        if process.poll() is None:  # a test that failed
            process.kill()
            process.communicate()


@pytest.fixture
def sweeps(start: Callable[..., subprocess.Popen[str]]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run `sweeps WORDS` in that folder to its end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        process = start(*words)
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    return run
