"""When a sweep plans again."""

from __future__ import annotations

import pytest

from sweeps.driving import rhythm
from sweeps.driving.rhythm import GIVES_UP, PAUSE, RETRY, STALE, Rhythm
from tracker.errors import StoreError


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time on the clock, to be moved; thinking takes none of the processor's."""
    now = [1000.0]
    monkeypatch.setattr(rhythm.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(rhythm.time, "process_time", lambda: 0.0)
    return now


@pytest.mark.parametrize(
    ("going", "waiting", "changed", "after"),
    [
        (True, False, True, PAUSE),
        (False, False, True, 0.0),
        (False, False, False, RETRY),
        (True, True, True, STALE),
        (True, False, False, STALE),
    ],
)
def test_a_plan_is_due_the_sooner_the_more_depends_on_it(
    clock: list[float], going: bool, waiting: bool, changed: bool, after: float
) -> None:
    when = Rhythm()

    if after:
        clock[0] += after - 0.01
        assert not when.is_due(going, waiting, changed)
        clock[0] += 0.02
    assert when.is_due(going, waiting, changed)


def test_a_plan_that_costs_much_is_made_seldom(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    when, spent = Rhythm(), iter([0.0, 0.5])
    monkeypatch.setattr(rhythm.time, "process_time", lambda: next(spent))
    with when.looking():
        pass

    clock[0] += PAUSE + 0.1
    assert not when.is_due(going=True, waiting=False, changed=True)
    clock[0] += 10
    assert when.is_due(going=True, waiting=False, changed=True)


def test_trouble_is_news_once_and_ends_the_sweep_when_nothing_goes_for_long(clock: list[float]) -> None:
    when, error = Rhythm(), StoreError("The store is away.")

    assert when.failed(error, going=False)
    assert not when.failed(error, going=False)
    clock[0] += GIVES_UP + 1
    assert not when.failed(error, going=True)
    with pytest.raises(StoreError, match="away"):
        when.failed(error, going=False)
    when.succeeded()
    assert when.failed(error, going=False)
