"""The file in which a run keeps its state, and the note beside it that says whose state that is."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from tracker.journal.atomic import replacing
from tracker.leases.base import Holder
from tracker.settings import CHECKPOINT_VARIABLE

NOTE = ".run.json"  # ends the name of a note, which begins with that of the checkpoint


@dataclass(frozen=True)
class Note:
    """The run that a checkpoint belongs to."""

    run: int
    uuid: str
    store: str  # the folder of its runs, as its process sees it
    process: Holder


def checkpoint_path(environ: Mapping[str, str] | None = None) -> Path | None:
    """The file in which this run is to keep its state, None where nobody has asked for that."""
    named = (os.environ if environ is None else environ).get(CHECKPOINT_VARIABLE, "")
    return Path(named) if named else None


def note_path(checkpoint: Path) -> Path:
    """The note that lies beside a checkpoint."""
    return checkpoint.with_name(f"{checkpoint.name}{NOTE}")


def read_note(checkpoint: Path) -> Note | None:
    """What lies beside a checkpoint; None where that is nothing, or no note."""
    try:
        told = json.loads(note_path(checkpoint).read_bytes())
        return Note(int(told["run"]), str(told["uuid"]), str(told["store"]), Holder(**told["process"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write_note(checkpoint: Path, note: Note) -> None:
    """Puts a note in the place of an earlier one. Raises OSError."""
    checkpoint.parent.mkdir(parents=True, exist_ok=True)
    with replacing(note_path(checkpoint)) as file:
        json.dump(asdict(note), file, indent=2)
