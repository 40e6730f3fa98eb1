"""What the files of a run's folder look like from outside, so that a change shows without reading them."""

from __future__ import annotations

import os
from hashlib import blake2b
from struct import pack
from typing import NamedTuple

from tracker.journal.layout import CONFIG, HEARTBEAT, INFO, JOURNAL, METRICS, POINTS, RUN

# a file that changed again within the clock tick of its last change looks the same: what was read from a
# younger file may be of before or after; two seconds are the coarsest clock of a file system (FAT's)
SETTLED_AFTER = 2_000_000_000  # nanoseconds

_STOCK = (RUN, CONFIG, INFO, METRICS)
_MARK = 12  # bytes; two states of one file have the same mark once in 10^28

Stat = tuple[int, int, int, int]
_ABSENT: Stat = (0, -1, 0, 0)  # no file has this size


class Signature(NamedTuple):
    """The state of some files: another state has another mark."""

    mark: int
    stats: tuple[Stat, ...]

    def is_settled(self, now: int) -> bool:
        """Whether a further change would have another mark; never for times ahead of the clock."""
        return max([max(stat[2:]) for stat in self.stats]) + SETTLED_AFTER <= now


def of_record(folder: str) -> Signature | None:
    """The state of what tells a run; the folder itself tells of files that came or went."""
    journal = _stat(f"{folder}/{JOURNAL}")
    if journal is not _ABSENT:
        return _signature(_stat(folder), journal, _stat(f"{folder}/{HEARTBEAT}"))
    return _signature(_stat(folder), journal, *[_stat(f"{folder}/{name}") for name in _STOCK])


def of_points(folder: str) -> Signature | None:
    """The state of the file that holds a run's metrics; None where there is none."""
    points = _stat(f"{folder}/{POINTS}")
    return _signature(points) if points is not _ABSENT else _signature(points, _stat(f"{folder}/{METRICS}"))


def _signature(*stats: Stat) -> Signature | None:
    told = pack("Qqqq" * len(stats), *[number for stat in stats for number in stat])
    mark = int.from_bytes(blake2b(told, digest_size=_MARK).digest())
    return None if all(stat is _ABSENT for stat in stats) else Signature(mark, stats)


def _stat(path: str) -> Stat:
    """Number, size and both times: the second is the kernel's, which nobody can set back."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a store has thousands
    except (OSError, ValueError):
        return _ABSENT
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
