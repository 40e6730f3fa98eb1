"""What a Slurm job tells of its runs: a small file for each, beside the job's own files."""

from __future__ import annotations

import json
import os
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path

STARTED = "started"
STOPPED = "stopped"  # asked to end, and it did; the job may come back and go on
ENDED = "ended"


@dataclass(frozen=True)
class Note:
    """The last word of one run's process."""

    kind: str  # started, stopped, ended
    stamp: str  # of this start of the process, told apart from an earlier one
    where: str  # the job, the node and the card, in words
    exit_code: int | None = None  # one of sweeps.exit_codes, when it ended
    seconds: float = 0.0  # since its start


def write_note(folder: Path, job: str, key: str, note: Note) -> None:
    """Put the note in the place of an earlier one, at once for every reader."""
    path = folder / _name(job, key)
    scratch = path.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(asdict(note)), encoding="utf-8")
    scratch.replace(path)


def read_notes(folder: Path, wanted: Collection[tuple[str, str]]) -> dict[tuple[str, str], Note]:
    """The notes of these runs by job and key; one look into the folder says which are there."""
    names = {_name(job, key): (job, key) for job, key in wanted}
    try:
        there = [path for path in folder.iterdir() if path.name in names]
    except FileNotFoundError:
        return {}
    return {names[path.name]: note for path in there if (note := _read(path)) is not None}


def _read(path: Path) -> Note | None:
    try:
        return Note(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None  # a shared folder that is half-way; the next look finds it


def _name(job: str, key: str) -> str:
    return f"{job}.{key}.json"
