"""Times in and out of a journal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tracker.journal import moments

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(some.datetimes(timezones=some.none() | some.just(UTC) | some.just(timezone(timedelta(hours=9)))))
def test_a_time_survives_its_text_and_its_microseconds(moment: datetime) -> None:
    known = moments.utc(moment)
    if known is not None:
        assert moments.utc(moments.text(known)) == known
        assert len(moments.text(known)) == len("2026-11-21T12:00:00.000000+00:00")
        assert moments.from_microseconds(moments.microseconds(known)) == known


@pytest.mark.parametrize(
    "no_time", [None, 5, "noon", "", datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))]
)
def test_what_is_no_time_is_none(no_time: Any) -> None:
    assert moments.utc(no_time) is None


def test_a_time_without_a_zone_is_utc() -> None:
    assert moments.aware(NOON.replace(tzinfo=None)) == moments.utc("2026-11-21T12:00:00") == NOON
