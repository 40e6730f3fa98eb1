"""Times as the journal writes them: UTC, aware, to the microsecond."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def utc(moment: Any) -> datetime | None:
    """An aware UTC time from a datetime or ISO text, where one without a zone is UTC; else None."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, datetime):
        return None
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # the first and the last day that Python knows, in another zone
        return None


def aware(moment: datetime) -> datetime:
    """The same time, aware and in UTC; one without a zone is UTC already."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def text(moment: datetime) -> str:
    """2026-11-21T03:00:00.000000+00:00, always of the same width."""
    return aware(moment).isoformat(timespec="microseconds")


def microseconds(moment: datetime) -> int:
    """Whole microseconds since the epoch."""
    return (aware(moment) - EPOCH) // MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The time so many microseconds after the epoch."""
    return EPOCH + timedelta(microseconds=count)
