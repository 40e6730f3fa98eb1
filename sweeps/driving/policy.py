"""What becomes of a run whose process ended: once more, or not; and when to stop a sweep that only fails."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweeps.exit_codes import CANNOT_START, DONE, FAILED, KILLED, MOVED_ON, STOPPED, TRY_AGAIN

LOSSES = 3  # times that a run is lost, killed or preempted in one sweep before it is left alone
ALIKE = 3  # runs that fail in the same way, with none that succeeds, before a sweep stops early

_VARIES = re.compile(r"0x[0-9a-f]+|\d+(\.\d+)?")  # addresses, sizes and numbers differ in failures alike


@dataclass(frozen=True)
class Limits:
    """How often a run is started in one sweep, and whether a sweep goes on that only fails."""

    attempts: int = 1  # of a run that fails by itself
    losses: int = LOSSES
    keep_going: bool = False


@dataclass(frozen=True)
class Attempts:
    """What became of one run in this sweep so far."""

    failed: int = 0  # by itself
    lost: int = 0  # killed, preempted or taken away, which says nothing about the run
    stopped: bool = False  # somebody asked for its end

    @property
    def count(self) -> int:
        """How often it was started and came to an end."""
        return self.failed + self.lost + self.stopped

    def may_start(self, limits: Limits) -> bool:
        """Whether this sweep may start it once more."""
        return not self.stopped and self.failed < limits.attempts and self.lost < limits.losses

    def after(self, exit_code: int | None, *, asked: bool = False) -> Attempts:
        """The same after one more attempt; None where nobody knows its end, `asked` where it had to end."""
        if exit_code in (DONE, MOVED_ON):
            return self
        if exit_code == STOPPED and asked:
            return replace(self, stopped=True)
        if exit_code is None or exit_code == STOPPED or exit_code in TRY_AGAIN:
            return replace(self, lost=self.lost + 1)
        return replace(self, failed=self.failed + 1)


@dataclass(frozen=True)
class Ending:
    """How one process ended, as far as it tells something about the other runs."""

    exit_code: int | None  # one of sweeps.exit_codes; None where nobody knows
    words: str = ""  # the last line that it printed, where it failed

    @property
    def failed(self) -> bool:
        """Whether the run itself is the likely reason; a lack of memory kills runs, too."""
        return self.exit_code in (FAILED, CANNOT_START, KILLED)


def alike(endings: Sequence[Ending], total: int) -> str:
    """The words of a failure that every run of a sweep of `total` runs had so far, or nothing.

    Nothing as well where one succeeded, or where too few have ended to say so.
    """
    failures = [ending for ending in endings if ending.failed]
    enough = max(2, min(ALIKE, total))  # one run alone repeats nothing
    if len(failures) < enough or any(ending.exit_code == DONE for ending in endings):
        return ""
    shapes = {(ending.exit_code, _VARIES.sub("#", ending.words)) for ending in failures}
    return (failures[0].words or "it printed nothing") if len(shapes) == 1 else ""
