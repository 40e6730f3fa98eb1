"""Tensors in a file: written at once or not at all, read without running code."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import torch


class DamagedError(Exception):
    """A file that is not whole, or was written by something else."""


def write(path: Path, beside: Path, contents: dict[str, Any]) -> None:
    """Write in the place of what the file held, by way of a file beside it; a crash leaves the old one.

    Raises OSError, or torch's RuntimeError where there is no room.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with beside.open("wb") as file:
        torch.save(contents, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def read(path: Path) -> Any:
    """What was written, on the CPU. Raises OSError, DamagedError."""
    content = path.read_bytes()
    try:
        _check_whole(content)
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        LookupError,
    ) as error:
        raise DamagedError(f"{path} is damaged") from error


def _check_whole(content: bytes) -> None:
    """Torch's files are zips with checksums: what is not whole would fail inside torch in any way."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        if (member := file.testzip()) is not None:
            raise zipfile.BadZipFile(f"{member} has another checksum")
