"""Files that Sacred's FileStorageObserver writes, read while they may be written.

That observer opens a file, empties it, fills it: a reader may come in between, and a killed run may leave
it so. Whoever reads waits a little for a file that was touched lately, then tells what is wrong with it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ATTEMPTS = 5
PAUSE = 0.05  # seconds between two of them
SETTLED_AFTER = 5.0  # seconds without a change after which nobody is writing the file any more

_ENDS = (b"\n}", b"}}", b"{}")  # of a whole file of metrics: indented as Sacred does, compact, empty


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds, with what is wrong with it in words."""

    content: dict[str, Any] = field(default_factory=dict)
    fault: str = ""


def read(path: Path) -> Reading:
    """The mapping in a JSON file; NaN and Infinity are read as Sacred writes them."""
    return _patiently(_load, path)


def read_if_there(path: Path) -> Reading:
    """The same for a file that a run need not have."""
    try:
        return read(path) if is_there(path) else Reading()
    except OSError as error:
        return unreadable(path, error)


def check_end(path: Path) -> str:
    """What is wrong with a file of metrics, told from its last bytes, because it may be large."""
    return _patiently(_look_at_end, path).fault if is_there(path) else ""


def is_there(path: Path) -> bool:
    """Whether there is such a file; raises OSError where the folder is closed to this user."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a name that no file can have
        return False
    return True


def unreadable(path: Path, error: OSError) -> Reading:
    """What is known of a file that the system does not open."""
    return Reading(fault=f"{path.name} cannot be read ({error.strerror})")


def _patiently(look: Callable[[Path], Reading], path: Path) -> Reading:
    reading = look(path)
    for _ in range(ATTEMPTS - 1):
        if not reading.fault or _settled(path):
            break
        time.sleep(PAUSE)
        reading = look(path)
    return reading


def _settled(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > SETTLED_AFTER
    except OSError:
        return False


def _load(path: Path) -> Reading:
    try:
        text = path.read_bytes()
        content = json.loads(text)
    except FileNotFoundError:
        return Reading(fault=f"{path.name} is missing")
    except OSError as error:
        return unreadable(path, error)
    except ValueError:
        return Reading(fault=_torn(path, text))
    if not isinstance(content, dict):
        return Reading(fault=f"{path.name} holds no mapping")
    return Reading(content)


def _look_at_end(path: Path) -> Reading:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16))
            end = file.read().rstrip()
    except OSError as error:
        return unreadable(path, error)
    return Reading() if end.endswith(_ENDS) else Reading(fault=_torn(path, end))


def _torn(path: Path, text: bytes) -> str:
    return f"{path.name} is {'torn' if text else 'empty'}"
