"""What tests of sweeps look at: the records, the logs, the leases, and the moment something has happened."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tracker import open_store
from tracker.leases import open_leases
from tracker.leases.base import Lease

COMPLETED, FAILED, INTERRUPTED = "COMPLETED", "FAILED", "INTERRUPTED"


def recorded(place: Path) -> Counter[tuple[int, int | None, str]]:
    """How many records there are of each x, seed and status."""
    return Counter((run.config["x"], run.seed, run.status) for run in open_store(str(place / "runs")).runs())


def statuses(place: Path) -> Counter[str]:
    """How many records there are of each status."""
    return Counter(status for _, _, status in recorded(place).elements())


def everything() -> Counter[tuple[int, int | None, str]]:
    """Each run that the questions of the toy ask for, once."""
    return Counter((x, seed, COMPLETED) for x in (1, 2, 3) for seed in (1, 2))


def completed(place: Path) -> Counter[tuple[int, int | None, str]]:
    """The records of runs that came to their end."""
    return Counter({key: count for key, count in recorded(place).items() if key[2] == COMPLETED})


def rewrite(place: Path, old: str, new: str, name: str = "questions.yaml") -> None:
    """Put other words into the question file."""
    text = (place / name).read_text()
    assert old in text
    (place / name).write_text(text.replace(old, new))


def logs(place: Path) -> str:
    """Everything that runs have printed."""
    return "".join(path.read_text() for path in sorted((place / "sweep-logs").glob("*.log")))


def leases(place: Path, kind: str = "run") -> list[Lease]:
    """The leases of runs, or of launchers."""
    found = open_leases(str(place / "runs")).leases().values()
    return [lease for lease in found if lease.details.get("kind") == kind]


def in_a_shell(line: str, place: Path) -> None:
    """Run the line as a user would whose environment is activated."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, "TRACKER_STORE": "", "PATH": path}
    subprocess.run(line, shell=True, cwd=place, env=environ, capture_output=True, check=True)


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Until it is so; fails when that takes far too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def started(place: Path, number: int) -> None:
    """Wait until so many runs have begun their work."""
    wait_for(lambda: logs(place).count("toy started") >= number)


def is_alive(pid: int) -> bool:
    """Whether a process with this number does something."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return told.rpartition(")")[2].split()[0] not in "ZX"
