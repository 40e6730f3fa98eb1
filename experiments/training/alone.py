"""Work that one program does while others that want the same wait."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def alone(place: Path, waiting: Callable[[], None]) -> Iterator[bool]:
    """Hold the lock of a file, which ends with the program; `waiting` is called where another has it.

    Gives False where the file system has no locks, so that nobody waits. Raises OSError where the file cannot
    be made.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            yield False
            return
        yield True
