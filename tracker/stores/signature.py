"""What the files of a run's folder look like from outside, so that a change shows without reading them.

The rule: every file that something was read from is looked at itself, and nothing else is. The folder's own
times would not do, because journals, heartbeats and stock Sacred's files are written in place; and they are
not needed, because a file that came, went or was replaced shows in its own state, as does a whole folder.
"""

from __future__ import annotations

import os

from tracker.journal.layout import CONFIG, HEARTBEAT, INFO, JOURNAL, METRICS, POINTS, RUN

# a file that changed again within the clock tick of its last change looks the same: what was read from a
# younger file may be of before or after; two seconds are the coarsest clock of a file system (FAT's)
SETTLED_AFTER = 2_000_000_000  # nanoseconds

_STOCK = (RUN, CONFIG, INFO, METRICS)

Stat = tuple[int, int, int, int]  # number, size and both times
Signature = tuple[Stat, ...]
_ABSENT: Stat = (0, -1, 0, 0)  # no file has this size


def of_record(folder: str) -> Signature:
    """The state of what tells a run: with a journal nothing else is read but the heartbeat."""
    journal = _stat(f"{folder}/{JOURNAL}")
    if journal is not _ABSENT:
        return journal, _stat(f"{folder}/{HEARTBEAT}")
    return journal, *[_stat(f"{folder}/{name}") for name in _STOCK]


def of_points(folder: str) -> Signature:
    """The state of the file that holds a run's metrics."""
    points = _stat(f"{folder}/{POINTS}")
    return (points,) if points is not _ABSENT else (points, _stat(f"{folder}/{METRICS}"))


def mark(signature: Signature) -> int:
    """A number in place of the state, the same in every process: two states share one once in 10^18."""
    return hash(signature)


def is_settled(signature: Signature, now: int) -> bool:
    """Whether a file is there, and a further change would have another mark; never for times to come."""
    latest = max([max(stat[2:]) for stat in signature])
    return any(stat is not _ABSENT for stat in signature) and latest + SETTLED_AFTER <= now


def _stat(path: str) -> Stat:
    """The second time is the kernel's, which nobody can set back."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a store has thousands
    except (OSError, ValueError):
        return _ABSENT
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
