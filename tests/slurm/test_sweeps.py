"""Whole sweeps on a real Slurm, as a user starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.slurm.cluster import Cluster
from tests.sweeps.conftest import QUESTIONS, TOY
from tests.sweeps.hearing import eventually
from tests.sweeps.scene import everything, recorded, started, statuses

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the toy and its questions."""
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "questions.yaml").write_text(QUESTIONS)
    return tmp_path


@pytest.fixture
def start(slurm: Cluster, place: Path) -> Iterator[Start]:
    """start("--detach") is `sweeps run` of the questions on the cluster."""
    begun: list[subprocess.Popen[str]] = []

    def run(*options: str) -> subprocess.Popen[str]:
        words = ("-c", "from sweeps.cli import main; main()", "run", "questions.yaml", "--engine", "slurm")
        pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        environment = {name: value for name, value in os.environ.items() if name != "TRACKER_STORE"}
        begun.append(subprocess.Popen((sys.executable, *words, *options), cwd=place, env=environment, **pipe))
        return begun[-1]

    yield run
    for process in begun:
        process.kill()
        process.communicate()


def nap(place: Path, seconds: float) -> None:
    """Let every run take so long."""
    text = QUESTIONS.replace("act: succeed", f"act: succeed, nap: {seconds}")
    (place / "questions.yaml").write_text(text)


def jobs(slurm: Cluster, place: Path) -> list[str]:
    """The jobs of all sweeps in that folder."""
    scripts = (place / "sweep-logs" / "_slurm").glob("*_submission.sh")
    lines = [line for script in scripts for line in script.read_text().splitlines()]
    names = ",".join(line.partition("=")[2] for line in lines if "--job-name" in line)
    return slurm.run(
        "squeue", "--noheader", "--array", "--states=all", "--format=%i", f"--name={names}"
    ).split()


def test_a_sweep_answers_its_questions(start: Start, place: Path, slurm: Cluster) -> None:
    output, _ = start().communicate(timeout=120)

    assert recorded(place) == everything(), output
    assert len(jobs(slurm, place)) == 6


def test_a_sweep_that_was_left_is_come_back_to(start: Start, place: Path, slurm: Cluster) -> None:
    nap(place, 3.0)
    first = start("--detach", "--cores", "4")
    output, _ = first.communicate(timeout=60)
    assert first.returncode == 0, output
    assert "left to the cluster" in output
    started(place, 1)

    output, _ = start("--cores", "4").communicate(timeout=120)

    assert recorded(place) == everything(), output
    assert len(jobs(slurm, place)) == 6


def test_runs_that_all_go_already_are_come_back_to(start: Start, place: Path, slurm: Cluster) -> None:
    nap(place, 3.0)
    start("--detach").communicate(timeout=60)
    started(place, 6)

    again = start()
    output, _ = again.communicate(timeout=120)

    assert again.returncode == 0, output
    assert recorded(place) == everything(), output
    assert len(jobs(slurm, place)) == 6


def test_runs_that_were_left_are_stopped_where_they_wait(start: Start, place: Path, slurm: Cluster) -> None:
    nap(place, 60.0)
    start("--detach", "--cores", "4").communicate(timeout=60)
    started(place, 2)

    words = ("-c", "from sweeps.cli import main; main()", "stop", "questions.yaml")
    environment = {name: value for name, value in os.environ.items() if name != "TRACKER_STORE"}
    stopped = subprocess.run(
        (sys.executable, *words), cwd=place, env=environment, capture_output=True, text=True, timeout=120
    )

    assert stopped.returncode == 0, stopped.stderr
    assert "left to slurm" in stopped.stderr
    assert slurm.run("squeue", "--noheader", "--states=PENDING,RUNNING", "--format=%i").split() == []
    assert set(statuses(place)) == {"INTERRUPTED"}


def test_a_launcher_that_is_killed_leaves_its_runs_to_the_next(
    start: Start, place: Path, slurm: Cluster
) -> None:
    nap(place, 3.0)
    first = start("--cores", "4")
    started(place, 2)
    first.kill()

    output, _ = start("--cores", "4").communicate(timeout=120)

    assert recorded(place) == everything(), output
    assert len(jobs(slurm, place)) == 6


def test_ctrl_c_ends_a_sweep_in_order(start: Start, place: Path, slurm: Cluster) -> None:
    nap(place, 600.0)
    sweep = start("--cores", "4")
    started(place, 2)

    sweep.send_signal(signal.SIGINT)
    output, _ = sweep.communicate(timeout=60)

    assert sweep.returncode == 130, output
    assert statuses(place) == Counter(INTERRUPTED=2)
    eventually(lambda: not slurm.run("squeue", "--noheader"))
