"""What the files of a run's folder look like from outside, so that a change shows without reading them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import blake2b

from tracker.journal.layout import CONFIG, HEARTBEAT, INFO, JOURNAL, METRICS, POINTS, RUN

# a file that changed again within the clock tick of its last change looks the same: what was read from a
# younger file may be of before or after; two seconds are the coarsest clock of a file system (FAT's)
SETTLED_AFTER = 2_000_000_000  # nanoseconds

_STOCK = (RUN, CONFIG, INFO, METRICS)
_MARK = 12  # bytes; two states of one file have the same mark once in 10^28

Stat = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Signature:
    """The state of some files: another state has another mark."""

    mark: int
    changed: int  # when one of them last did, in nanoseconds of the file system's clock

    def is_settled(self, now: int) -> bool:
        """Whether a further change would have another mark; never for times ahead of the clock."""
        return self.changed + SETTLED_AFTER <= now


def of_record(folder: str) -> Signature | None:
    """The state of what tells a run; the folder itself tells of files that came or went."""
    journal = _stat(f"{folder}/{JOURNAL}")
    names = (HEARTBEAT,) if journal else _STOCK
    return _signature([_stat(folder), journal, *[_stat(f"{folder}/{name}") for name in names]])


def of_points(folder: str) -> Signature | None:
    """The state of the file that holds a run's metrics; None where there is none."""
    points = _stat(f"{folder}/{POINTS}")
    return _signature([points] if points else [None, _stat(f"{folder}/{METRICS}")])


def _signature(stats: list[Stat | None]) -> Signature | None:
    known = [stat for stat in stats if stat]
    if not known:
        return None
    mark = int.from_bytes(blake2b(repr(stats).encode(), digest_size=_MARK).digest())
    return Signature(mark, max([max(stat[2:]) for stat in known]))


def _stat(path: str) -> Stat | None:
    """Number, size and both times: the second is the kernel's, which nobody can set back."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a store has thousands
    except (OSError, ValueError):
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
