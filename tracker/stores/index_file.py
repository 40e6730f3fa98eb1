"""The file that keeps what was read from the folders of runs; whatever is wrong with it, it is none."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import tracker.journal
import tracker.run
import tracker.stores

INDEX = "_index.json"  # beside the runs; a name that begins with _ is no run
UNFINISHED = f".{INDEX}."  # begins the names of those that are being written


def load(store: Path) -> Any:
    """What was kept of the store, or None where nothing was, or it is torn, foreign or of other code."""
    try:
        head, _, body = (store / INDEX).read_bytes().partition(b"\n")
        return json.loads(body) if head == _head(store, body) else None
    except (OSError, ValueError, RecursionError):
        return None


def save(store: Path, content: Any) -> None:
    """Keeps it, where the folder can be written; of several writers the last one wins."""
    unfinished = store / f"{UNFINISHED}{secrets.token_hex(4)}"
    try:
        body = json.dumps(content, separators=(",", ":")).encode()
        unfinished.write_bytes(_head(store, body) + b"\n" + body)
        unfinished.replace(store / INDEX)
    except (OSError, ValueError, RecursionError):
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _head(store: Path, body: bytes) -> bytes:
    """Which folder, which code, which content: a copy of a store, or an update, begins anew."""
    told = f"{os.stat(store).st_ino} {_code()}".encode()  # noqa: PTH116
    return b"index " + blake2b(told + b"\n" + body, digest_size=16).hexdigest().encode()


@cache
def _code() -> str:
    """A mark of the code that makes runs of files: what other code has read may mean something else."""
    seen = blake2b(digest_size=16)
    for path in _modules():
        seen.update(path.read_bytes())
    return seen.hexdigest()


def _modules() -> Iterable[Path]:
    for package in (tracker.journal, tracker.stores):
        yield from sorted(Path(str(package.__file__)).parent.glob("*.py"))
    yield Path(str(tracker.run.__file__))
