"""Which runs stand for which Slurm jobs, kept beside the logs so that a later sweep finds them."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tracker.errors import LaunchError

FILE = "jobs.json"
LOCK = "jobs.lock"


@dataclass(frozen=True)
class Placed:
    """A run that was given to Slurm, and not heard of as over since."""

    job: str  # as in 12_3
    name: str  # of the job; a cluster that was set up anew counts its jobs from 1 again
    log: str


def placed(folder: Path) -> dict[str, Placed]:
    """The runs by their keys."""
    with _locked(folder):
        return _read(folder)


def add(folder: Path, runs: Mapping[str, Placed]) -> None:
    """Keep these runs, too; whoever reads at the same time sees all of them or none."""
    with _locked(folder):
        _write(folder, {**_read(folder), **runs})


def remove(folder: Path, runs: Mapping[str, Placed]) -> None:
    """Forget these runs, but for those that somebody has placed anew."""
    with _locked(folder):
        kept = {key: run for key, run in _read(folder).items() if runs.get(key) != run}
        _write(folder, kept)


def names(runs: Collection[Placed]) -> list[str]:
    """The names of their jobs, each once."""
    return sorted({run.name for run in runs})


def _read(folder: Path) -> dict[str, Placed]:
    path = folder / FILE
    try:
        return {key: Placed(**fields) for key, fields in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise LaunchError(
            f"{path}: the list of Slurm jobs cannot be read ({error}); "
            "remove it if none of its jobs is under way (squeue --me)"
        ) from error


def _write(folder: Path, runs: Mapping[str, Placed]) -> None:
    scratch = folder / f"{FILE}.new"
    words = json.dumps({key: asdict(run) for key, run in runs.items()}, indent=1)
    scratch.write_text(words, encoding="utf-8")
    scratch.replace(folder / FILE)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        file = (folder / LOCK).open("a")
    except OSError as error:
        raise LaunchError(
            f"{folder}: no logs can be kept here ({error.strerror}); name a folder with --logs"
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
