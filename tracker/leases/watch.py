"""Tells which leases are free, by what one sees oneself and by no clock of another machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from tracker.leases.base import LASTS, RENEWED_EVERY, Lease
from tracker.leases.holder import is_gone, lives_here

# Of a time in which nobody looked so much counts: the store may have been away, for the holder as well,
# who needs a moment to come back.
COUNTS = LASTS / 3
FRESH = 3 * RENEWED_EVERY  # seconds after a sign of life in which the holder surely lives


@dataclass
class _Seen:
    mark: tuple[int, int]  # generation and beats
    looked: float
    still: float = 0.0  # seconds that the lease was seen to stand as it is
    moved: bool = False  # it has changed while it was watched


class Watch:
    """Looks at leases again and again; only time tells that a holder on another machine is gone."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def free(self, lease: Lease) -> bool:
        """Whether somebody else may take it: settled, left by a process of this machine, or long silent.

        The lease of a process that lives on this machine is never free, however silent it is.
        """
        seen = self._look(lease)
        if lease.outcome is not None or is_gone(lease.holder):
            return True
        return seen.still >= LASTS and not lives_here(lease.holder)

    def alive(self, lease: Lease) -> bool:
        """Whether its holder is known to be at work: on this machine, or by a sign of life just now."""
        if lease.outcome is not None or is_gone(lease.holder):
            return False
        seen = self._look(lease)
        return lives_here(lease.holder) or (seen.moved and seen.still < FRESH)

    def _look(self, lease: Lease) -> _Seen:
        now, mark = self._clock(), (lease.generation, lease.beats)
        before = self._seen.get(lease.key)
        if before is None or before.mark != mark:
            before = self._seen[lease.key] = _Seen(mark, now, moved=before is not None)
        before.still += min(now - before.looked, COUNTS)
        before.looked = now
        return before
