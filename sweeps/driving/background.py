"""A launcher that goes on without the terminal it was started from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tracker.errors import LaunchError

DETACH = "--detach"
STARTS = "from sweeps.cli import main; main()"


@dataclass(frozen=True)
class Background:
    """The process that goes on, and the file with what it says."""

    pid: int
    log: Path


def in_background(words: Sequence[str], logs: Path, now: datetime) -> Background:
    """Start `sweeps` with these words in a session of its own. Raises LaunchError."""
    log = logs / f"launcher-{now:%Y%m%d-%H%M%S}.txt"
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-c", STARTS, *(word for word in words if word != DETACH)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise LaunchError(
            f"{logs}: no logs can be kept here ({error.strerror}); name a folder with --logs"
        ) from error
    return Background(process.pid, log)
