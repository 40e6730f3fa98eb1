"""The files of a run as Sacred's FileStorageObserver writes them, made from its journal."""

from __future__ import annotations

from pathlib import Path


def write_first_files(folder: Path) -> None:
    """run.json and config.json, as they stand when a run starts. Raises OSError."""


def write_sacred_files(folder: Path) -> None:
    """run.json, config.json, info.json, metrics.json, each whole or not at all. Raises OSError."""
