"""What a lease becomes when it is taken, renewed, settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tracker.leases.base import Holder, Lease, Outcome


def taken(key: str, seen: Lease | None, holder: Holder, details: Mapping[str, Any]) -> Lease:
    """The next generation of a lease."""
    now = datetime.now(UTC)
    return Lease(key, seen.generation + 1 if seen else 1, 0, holder, now, now, details=dict(details))


def renewed(lease: Lease) -> Lease:
    """The lease with one more sign of life."""
    return replace(lease, beats=lease.beats + 1, renewed=datetime.now(UTC))


def settled(lease: Lease, outcome: Outcome) -> Lease:
    """The lease of work that is over; counts as a sign of life, so that who saw it before sees it move on."""
    return replace(renewed(lease), outcome=outcome)


def stands(stored: Lease | None, seen: Lease | None) -> bool:
    """Whether nothing has happened to a lease since it was seen."""
    if stored is None or seen is None:
        return stored is seen
    return (stored.generation, stored.beats) == (seen.generation, seen.beats)


def is_held_as(stored: Lease, lease: Lease) -> bool:
    """Whether the one who has been given `lease` still holds it."""
    return stored.outcome is None and (stored.generation, stored.holder) == (lease.generation, lease.holder)


def is_given(stored: Lease | None, lease: Lease) -> bool:
    """Whether `lease` has been given before, by an answer that was lost on the way."""
    return stored is not None and stored.beats == 0 and is_held_as(stored, lease)
