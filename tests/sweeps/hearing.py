"""What tests hear of the tasks of an engine, and the moment in which something comes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sweeps.engines.base import Engine, Event

SECONDS = 120  # until a test gives up on something that will come


def until(engine: Engine, wanted: Callable[[list[Event]], bool]) -> list[Event]:
    """All events until what is wanted is among them."""
    events: list[Event] = []
    deadline = time.monotonic() + SECONDS
    while not wanted(events):
        assert time.monotonic() < deadline, events
        events += engine.events(0.5)
    return events


def over(count: int) -> Callable[[list[Event]], bool]:
    """So many tasks are over."""
    return lambda events: sum(event.over for event in events) >= count


def started(count: int = 1) -> Callable[[list[Event]], bool]:
    """So many tasks have started."""
    return lambda events: sum(event.kind == "started" for event in events) >= count


def first_line(log: Path) -> list[str]:
    """The words that a patient process says first."""
    eventually(lambda: log.exists() and "\n" in log.read_text())
    return log.read_text().splitlines()[0].split()


def eventually(holds: Callable[[], object]) -> None:
    """Wait until it holds."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)
