"""The file that keeps what was read from the folders of runs; whatever is wrong with it, it is none."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from typing import Any

import tracker.journal
import tracker.run
import tracker.stores

INDEX = "_index.json"  # beside the runs; a name that begins with _ is no run
UNFINISHED = f".{INDEX}."  # begins the names of those that are being written


def load(store: Path) -> Iterator[Any]:
    """What was kept of the store, one after the other; nothing where it is torn, foreign or of other code.

    Raises ValueError for a line that is none, though whoever wrote the file has signed it.
    """
    try:
        with (store / INDEX).open("rb") as file:
            head, body = file.readline(), file.read()
        return map(json.loads, BytesIO(body if head == _head(store, body) else b""))
    except OSError:
        return iter(())


def save(store: Path, content: Iterable[Any]) -> None:
    """Keeps it, where the folder can be written; of several writers the last one wins."""
    unfinished = store / f"{UNFINISHED}{secrets.token_hex(4)}"
    try:
        body = b"".join([json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in content])
        unfinished.write_bytes(_head(store, body) + body)
        unfinished.replace(store / INDEX)
    except (OSError, ValueError):
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


def _head(store: Path, body: bytes) -> bytes:
    """Which folder, which code, which content: a copy of a store, or an update, begins anew."""
    told = f"{os.stat(store).st_ino} {_code()}".encode()  # noqa: PTH116
    return b"index " + blake2b(told + b"\n" + body, digest_size=16).hexdigest().encode() + b"\n"


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
