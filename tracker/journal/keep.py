"""Copies of a run's files, made so that nobody ever sees half of one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from tracker.journal.layout import RESERVED
from tracker.journal.plain import clean

BLOCK = 1 << 20  # bytes that are copied at a time
DIGITS = 32  # of a SHA-256 that a file's name carries


@dataclass(frozen=True, slots=True)
class Kept:
    """A copy: its name, its content's digest, its size in bytes."""

    file: str
    sha256: str
    size: int


def keep_artifact(folder: Path, name: str, source: Path, taken: Container[str] = ()) -> Kept:
    """Copies a file into the run's folder under its name, as far as a file there may be called so.

    `taken` are the files of other artifacts. Raises OSError.
    """
    file = file_name(name, taken)
    sha256, size = _copy(source, folder / file)
    return Kept(file, sha256, size)


def keep_content(folder: Path, source: Path) -> Kept:
    """Copies a file into a folder that holds each content once, under name and digest. Raises OSError."""
    folder.mkdir(exist_ok=True)
    with source.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    target = folder / f"{clean(source.stem)}_{sha256[:DIGITS]}{clean(source.suffix)}"
    size = source.stat().st_size
    if not target.exists() or target.stat().st_size != size:
        sha256, size = _copy(source, target)
    return Kept(target.name, sha256, size)


def file_name(name: str, taken: Container[str] = ()) -> str:
    """What an artifact's file is called: no path, none of the run's own files, no other artifact's."""
    file = clean(name).replace("/", "_").replace(os.sep, "_")
    if not file or file.startswith(".") or file.lower() in RESERVED:
        file = f"artifact_{file}"
    while file in taken:
        file = f"artifact_{file}"
    return file


def _copy(source: Path, target: Path) -> tuple[str, int]:
    """Digest and size of what was copied, which a file that grows meanwhile may have no more."""
    digest, size = hashlib.sha256(), 0
    unfinished = target.with_name(f".{uuid4().hex}")  # its own on every machine that shares the folder
    try:
        with source.open("rb") as read, unfinished.open("wb") as write:
            while block := read.read(BLOCK):
                digest.update(block)
                size += write.write(block)
            write.flush()
            os.fsync(write.fileno())
        unfinished.replace(target)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise
    return digest.hexdigest(), size
