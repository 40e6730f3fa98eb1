"""A lease as plain JSON, and back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from tracker.errors import StoreError
from tracker.leases.base import Holder, Lease, Outcome

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")  # also the name of a file


def checked(key: str) -> str:
    """The key of a lease. Raises StoreError for one that could not be the name of a file."""
    if not _KEY.fullmatch(key):
        raise StoreError(f"{key!r} is no key of a lease: write it with letters, digits, dots and dashes.")
    return key


def document(lease: Lease) -> dict[str, Any]:
    """The lease as plain JSON, all but its key."""
    told: dict[str, Any] = {
        "generation": lease.generation,
        "beats": lease.beats,
        "holder": asdict(lease.holder),
        "taken": lease.taken.isoformat(),
        "renewed": lease.renewed.isoformat(),
        "stop": lease.stop,
        "outcome": None if lease.outcome is None else outcome_document(lease.outcome),
        "details": dict(lease.details),
    }
    return told


def outcome_document(outcome: Outcome) -> dict[str, Any]:
    """How the work ended, as plain JSON."""
    return {**asdict(outcome), "ended": outcome.ended.isoformat()}


def lease_from(key: str, told: Any, place: str) -> Lease:
    """The lease that was written so; what is not one raises StoreError, which names the `place`."""
    try:
        return Lease(
            key=key,
            generation=_number(told["generation"]),
            beats=_number(told["beats"]),
            holder=_holder(told["holder"]),
            taken=datetime.fromisoformat(told["taken"]),
            renewed=datetime.fromisoformat(told["renewed"]),
            stop=bool(told["stop"]),
            outcome=None if told["outcome"] is None else _outcome(told["outcome"]),
            details=_mapping(told["details"]),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise unreadable(place) from error


def unreadable(place: str) -> StoreError:
    """The error for what lies among the leases and is none."""
    return StoreError(
        f"{place} is no lease that this version can read: "
        "remove it when no sweep is under way, or update the tracker."
    )


def _holder(told: Any) -> Holder:
    return Holder(str(told["host"]), _number(told["pid"]), _number(told["started"]), str(told["boot"]))


def _outcome(told: Any) -> Outcome:
    return Outcome(
        exit_code=_number(told["exit_code"]),
        seconds=float(told["seconds"]),
        ended=datetime.fromisoformat(told["ended"]),
        memory=_number(told.get("memory", 0)),
        words=str(told.get("words", "")),
    )


def _number(told: Any) -> int:
    if isinstance(told, bool) or not isinstance(told, int | float) or told != int(told):
        raise ValueError(f"{told!r} is no whole number")
    return int(told)


def _mapping(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise TypeError(f"{told!r} is no mapping")
    return told
