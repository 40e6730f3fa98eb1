"""Missing runs as somebody reads them on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from sweeps.planning.job import Expected, Job
from sweeps.planning.listing import listing
from tests.sweeps.scene import rewrite


def job(node: str, *words: str, **more: object) -> Job:
    made = Job(" ".join((node, *words)), {}, 1, ("python", "toy.py", "with", *words), (node,), "planned")
    return replace(made, **more)  # type: ignore[arg-type]


def test_what_runs_have_in_common_is_said_once() -> None:
    lines = listing(
        [
            job("a", "data=c", "x=1", "seed=1"),
            job("a", "data=c", "x=2", "seed=1"),
            job("b", "data=c", "x=1", "y=1", "seed=1"),
            job("b", "data=c", "x=1", "y=2", "seed=1"),
        ]
    )
    assert list(lines) == [
        "every run: python toy.py data=c",
        "",
        "a",
        "1  x=1 seed=1",
        "2  x=2 seed=1",
        "",
        "b: x=1",
        "3  y=1 seed=1",
        "4  y=2 seed=1",
    ]


def test_a_single_run_is_shown_whole() -> None:
    assert list(listing([job("a", "x=with", "seed=1")])) == ["", "a", "1  python toy.py x=with seed=1"]


def test_a_word_that_a_shell_would_split_is_quoted() -> None:
    assert list(listing([job("a", "x=[0.5, 1]", "seed=1")]))[-1] == "1  python toy.py 'x=[0.5, 1]' seed=1"


def test_a_line_tells_how_a_run_stands_and_what_else_it_is_for() -> None:
    one = job("a", "x=1", "seed=1", state="failed", expected=Expected(90.0), nodes=("a", "b", "c/d"))
    assert next(line for line in listing([one], only=("c",)) if "x=1" in line).endswith(
        "x=1 seed=1  (failed; about 90 s; also for a, b)"
    )
    assert "c/d" in list(listing([one], only=("c",)))


def test_a_terminal_gets_the_listing_and_a_pipe_the_commands(place: Path) -> None:
    rewrite(place, "act: succeed", f"act: {'succeed' * 20}")
    words = [sys.executable, "-c", "from sweeps.cli import main; main()", "plan", "questions.yaml"]
    environ = {**os.environ, "TRACKER_STORE": "", "COLUMNS": "80", "TERM": "dumb"}
    there, terminal = pty.openpty()
    subprocess.run(words, cwd=place, env=environ, stdout=terminal, stderr=subprocess.DEVNULL, check=True)
    os.close(terminal)
    shown = os.read(there, 65536).decode()
    os.close(there)
    piped = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=True).stdout

    assert shown.replace("\r\n", "").count("succeed" * 20) == 1
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "6  x=3 seed=2" in shown
    assert piped.count(f"act={'succeed' * 20}") == 6
    assert all(line.startswith("python toy.py with ") for line in piped.splitlines())
