"""One loop that starts jobs on an engine and tells what becomes of them."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from sweeps.engines.base import Engine, Event
from sweeps.plan import Job

PATIENCE = 0.5  # seconds between two looks for news
ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Outcome:
    """How the jobs' processes ended; whether they answered is for the store to say."""

    ended: list[Event] = field(default_factory=list)
    interrupted: bool = False


@dataclass
class Interrupts:
    """How often the sweep was asked to end, by Ctrl-C or a signal."""

    count: int = 0


def drive(
    jobs: Sequence[Job], engine: Engine, report: Callable[[Event], None], warn: Callable[[int], None]
) -> Outcome:
    """Run every job; a job that fails stops nothing. `report` hears the news, `warn` of runs asked to end.

    Ctrl-C, SIGTERM or SIGHUP asks the runs to end and waits until they have; a second one kills them.
    """
    outcome = Outcome()
    with _counted_interrupts() as interrupts:
        try:
            engine.submit(jobs)
            running, left, answered = 0, len(jobs), 0
            while left and not (outcome.interrupted and running == 0):
                for event in engine.events(PATIENCE):
                    report(event)
                    running += -1 if event.ended else 1
                    if event.ended:
                        left -= 1
                        outcome.ended.append(event)
                if interrupts.count > answered:
                    warn(running)
                    engine.cancel(hard=outcome.interrupted)
                    outcome.interrupted, answered = True, interrupts.count
        finally:
            engine.close()
    return outcome


@contextmanager
def _counted_interrupts() -> Iterator[Interrupts]:
    """Counted instead of raised: an exception could come between a run's start and its entry in a list."""
    interrupts = Interrupts()

    def count(_number: int, _frame: FrameType | None) -> None:
        interrupts.count += 1

    before = {number: signal.signal(number, count) for number in ASKED_TO_END}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
