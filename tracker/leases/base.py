"""What every keeper of leases promises."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

RENEWED_EVERY = 5.0  # seconds between two signs of life of a holder
LASTS = 30.0  # seconds without a sign of life after which somebody else may take the lease


@dataclass(frozen=True)
class Holder:
    """The process that holds a lease, told apart from one that got its number later."""

    host: str
    pid: int
    started: int  # the process's start in clock ticks since boot; 0 where unknown
    boot: str = ""  # of the machine since it was started; "" where unknown


@dataclass(frozen=True)
class Outcome:
    """How the holder's work ended, in its own words."""

    exit_code: int  # one of sweeps.exit_codes
    seconds: float
    ended: datetime
    memory: int = 0  # bytes of the largest process; 0 where unknown
    words: str = ""  # the last line that was printed, where the work failed


@dataclass(frozen=True)
class Lease:
    """The right to do one piece of work; the stored one counts, this is what somebody read of it."""

    key: str  # of the work
    generation: int  # how often it was taken
    beats: int  # signs of life since it was taken
    holder: Holder
    taken: datetime
    renewed: datetime  # by the holder's clock, to be shown; nothing is decided by it
    stop: bool = False  # the holder is asked to end
    outcome: Outcome | None = None  # None while the work is under way
    details: Mapping[str, Any] = field(default_factory=dict)  # plain JSON: what the work is, where its log is


class Leases(Protocol):
    """The leases of one store; every method is atomic and raises StoreError where it cannot answer."""

    def leases(self, keys: Iterable[str] | None = None) -> dict[str, Lease]:
        """The leases as they stand, ended ones too: of these keys, or all."""

    def take(self, key: str, seen: Lease | None, holder: Holder, details: Mapping[str, Any]) -> Lease | None:
        """The lease for `holder`, if it still stands as it was `seen` (None: not there); None if it moved on.

        Whether what was seen is free is for the caller to judge, by a Watch.
        """

    def renew(self, lease: Lease) -> Lease | None:
        """A sign of life; tells by `stop` whether to end. None where somebody else has taken the lease."""

    def settle(self, lease: Lease, outcome: Outcome) -> None:
        """The work is over; does nothing where somebody else has taken the lease meanwhile."""

    def ask_to_stop(self, keys: Iterable[str]) -> None:
        """Ask the holders of these leases to end; one that has ended is left as it is."""
