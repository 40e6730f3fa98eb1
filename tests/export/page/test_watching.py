"""The tree that a terminal follows, and the commands that follow runs."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests.export.page.followed import QUESTIONS, Followed
from tracker.errors import StoreError
from tracker.export.watching import watch


class EnoughError(Exception):
    """Ends a watch."""


def watching(followed: Followed, console: Console, *steps: Callable[[], None]) -> None:
    """Watch, take a step at each rest, and end after the last."""
    from tracker import answer, load_questions

    left = list(steps)

    def rest(_seconds: float) -> None:
        if _seconds and not left:
            raise EnoughError
        if _seconds:
            left.pop(0)()

    with pytest.raises(EnoughError):
        watch(lambda: answer(load_questions(followed.path), followed.store, followed.now), console, 1.0, rest)


def test_a_watch_into_a_file_prints_what_has_changed(followed: Followed) -> None:
    console = Console(file=io.StringIO(), width=100)

    watching(followed, console, lambda: None, lambda: followed.record(91.0), lambda: None)

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("2026-11-20 12:00:00 UTC") == 2
    assert text.index("0 of 6 runs done") < text.index("1 of 6 runs done")
    assert "\x1b" not in text


def test_a_watch_outlives_a_broken_question_file(followed: Followed) -> None:
    console = Console(file=io.StringIO(), width=100)

    watching(followed, console, lambda: followed.change("tree: ["), lambda: followed.change(QUESTIONS))

    assert isinstance(console.file, io.StringIO)
    assert "followed.yaml" in console.file.getvalue()


@pytest.mark.parametrize(("height", "line"), [(60, "Does it matter?"), (8, "norm  planned  0 of 6 runs")])
def test_a_watch_in_a_terminal_fits_the_screen(followed: Followed, height: int, line: str) -> None:
    console = Console(
        file=io.StringIO(), width=100, height=height, force_terminal=True, color_system="standard"
    )

    watching(followed, console, lambda: None)

    assert isinstance(console.file, io.StringIO)
    assert line in re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", console.file.getvalue())


def test_a_watch_that_cannot_begin_raises(followed: Followed) -> None:
    def look() -> Any:
        raise StoreError("no store")

    with pytest.raises(StoreError, match="no store"):
        watch(look, Console(file=io.StringIO()), 1.0)


def started(place: Path, *words: str) -> subprocess.Popen[str]:
    (place / "runs").mkdir()
    return subprocess.Popen(
        [sys.executable, "-c", "from tracker.cli import main; main()", *words],
        cwd=place,
        env={**os.environ, "TRACKER_STORE": "", "COLUMNS": "100", "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("words", [("serve", "followed.yaml", "--port", "0"), ("watch", "followed.yaml")])
def test_ctrl_c_ends_quietly(followed: Followed, words: tuple[str, ...]) -> None:
    with started(followed.path.parent, *words) as process:
        spoken = process.stderr if words[0] == "serve" else process.stdout
        assert spoken is not None
        first = spoken.readline()

        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=30)

    assert first.startswith("followed.yaml is served at http://127.0.0.1:" if words[0] == "serve" else "20")
    assert (process.returncode, complaints) == (0, "")


def test_a_taken_port_is_one_sentence(followed: Followed) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with started(followed.path.parent, "serve", "followed.yaml", "--port", port) as process:
            _, complaint = process.communicate(timeout=60)

    assert complaint.startswith(f"Error: port {port} of 127.0.0.1 is taken; choose another with --port")
    assert len(complaint.splitlines()) == 1
    assert process.returncode == 1


def test_the_page_is_an_export(followed: Followed) -> None:
    with started(followed.path.parent, "export", "followed.yaml", "out/tree.html") as process:
        _, words = process.communicate(timeout=60)

    assert (process.returncode, words) == (0, "wrote out/tree.html\n")
    assert "Does it matter?" in (followed.path.parent / "out/tree.html").read_text(encoding="utf-8")
