"""What a run could not write is put where there is room."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tracker.errors import StoreError
from tracker.journal.append import AppendFile


def rescue(files: Iterable[AppendFile], folder: Path, uuid: str) -> StoreError | None:
    """Puts what is still queued into a folder for temporary files; the error tells where, or that it failed.

    None where nothing was queued.
    """
    waiting = [file for file in files if file.waiting]
    if not waiting:
        return None
    trouble = next((file.trouble for file in waiting if file.trouble), "it cannot be written")
    place = Path(tempfile.gettempdir()) / f"tracker-rescue-{uuid}"
    saved: list[str] = []
    try:
        place.mkdir(exist_ok=True)
        for file in waiting:
            (place / file.path.name).write_bytes(file.rest())
            saved.append(file.path.name)
    except OSError as error:
        lost = " and ".join(file.path.name for file in waiting[len(saved) :])
        return StoreError(
            f"The end of {lost} of run {folder} is lost: {trouble}, nor can {place} ({error.strerror}): "
            f"make room for the next run.{' ' + _remedy(folder, place, trouble, saved) if saved else ''}"
        )
    return StoreError(_remedy(folder, place, trouble, saved))


def _remedy(folder: Path, place: Path, trouble: str, names: list[str]) -> str:
    commands = "; ".join(f"cat '{place / name}' >> '{folder / name}'" for name in names)
    return f"The end of run {folder} is in {place}, because {trouble}: make room, then {commands}"
