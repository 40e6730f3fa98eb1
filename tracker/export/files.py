"""Files that are replaced together or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from tracker.errors import TrackerError


def replace_all(contents: Mapping[Path, bytes]) -> None:
    """Write all files, or leave every one as it was; missing folders are made."""
    drafts = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    try:
        for path, content in contents.items():
            _write_draft(path, drafts[path], content)
        _swap(drafts)
    finally:
        for draft in drafts.values():
            with contextlib.suppress(OSError):
                draft.unlink()


def _write_draft(path: Path, draft: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        draft.write_bytes(content)
    except OSError as error:
        raise _refusal(path, error) from error


def _swap(drafts: Mapping[Path, Path]) -> None:
    """Put every draft in place; when one cannot be, those before it go back to what they were."""
    before: dict[Path, bytes | None] = {}
    for path, draft in drafts.items():
        try:
            before[path] = path.read_bytes() if path.exists() else None
            draft.replace(path)
        except OSError as error:
            before.pop(path, None)
            _restore(before)
            raise _refusal(path, error) from error


def _restore(before: Mapping[Path, bytes | None]) -> None:
    for path, content in before.items():
        with contextlib.suppress(OSError):
            path.unlink() if content is None else path.write_bytes(content)


def _refusal(path: Path, error: OSError) -> TrackerError:
    return TrackerError(f"cannot write {path}: {error.strerror}; choose another file or folder")
