"""A run's output as far as it fits into a document: its head, its tail."""

from __future__ import annotations

from pathlib import Path

from tracker.journal.layout import OUTPUT

HEAD = 64 * 1024  # bytes
TAIL = 192 * 1024


def output_size(folder: Path) -> int:
    """Bytes that the run has printed so far."""
    try:
        return (folder / OUTPUT).stat().st_size
    except OSError:
        return 0


def shortened(folder: Path) -> str:
    """The whole output where it is short; else a line in its middle says how much is left out."""
    size = output_size(folder)
    if not size:
        return ""
    with (folder / OUTPUT).open("rb") as file:
        if is_short(size):
            return file.read(HEAD + TAIL).decode(errors="replace")
        head = file.read(HEAD)
        head = head.rpartition(b"\n")[0] or head
        file.seek(size - TAIL)
        tail = file.read(TAIL)
        tail = tail.partition(b"\n")[2] or tail
    left_out = size - len(head) - len(tail)
    note = f"\n[... {left_out} bytes are left out here; the artifact {OUTPUT} of the ended run has all ...]\n"
    return f"{head.decode(errors='replace')}{note}{tail.decode(errors='replace')}"


def is_short(size: int) -> bool:
    """Whether the document holds it whole."""
    return size <= HEAD + TAIL
