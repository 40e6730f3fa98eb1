"""Small experiments as real processes, and their records."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """start(script, *words, **environ) runs `mine.py` with that text in the test's folder."""

    def run(script: str, *words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        with popen(tmp_path, script, *words, **environ) as process:
            output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run


def popen(folder: Path, script: str, *words: str, **environ: str) -> subprocess.Popen[str]:
    (folder / "mine.py").write_text(script)
    return subprocess.Popen(
        [sys.executable, "mine.py", *words],
        cwd=folder,
        env={**os.environ, "TRACKER_STORE": "", "OMP_NUM_THREADS": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=_take_signals,
    )


def _take_signals() -> None:
    """A pytest that was started in the background ignores some, and its children would, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def record_of(store: Path, run: int = 1) -> dict[str, Any]:
    """Sacred's files of a run by their names; what is not strict JSON fails."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    folder = store / str(run)
    return {path.stem: json.loads(path.read_text(), parse_constant=refuse) for path in folder.glob("*.json")}
