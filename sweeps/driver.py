"""One loop that starts jobs on an engine and tells what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sweeps.engines.base import Engine, Event
from sweeps.plan import Job

PATIENCE = 0.5  # seconds between two looks for news


@dataclass
class Outcome:
    """How the jobs' processes ended; whether they answered is for the store to say."""

    ended: list[Event] = field(default_factory=list)
    interrupted: bool = False

    @property
    def failures(self) -> list[Event]:
        """The jobs whose process did not end well."""
        return [event for event in self.ended if event.exit_code != 0]


def drive(jobs: Sequence[Job], engine: Engine, report: Callable[[Event], None]) -> Outcome:
    """Run every job; a job that fails stops nothing.

    Ctrl-C asks the runs to end and waits until they have; a second one kills them.
    """
    outcome = Outcome()
    try:
        engine.submit(jobs)
        left = len(jobs)
        started = 0
        while left:
            try:
                news = engine.events(PATIENCE)
            except KeyboardInterrupt:
                engine.cancel(hard=outcome.interrupted)
                outcome.interrupted = True
                continue
            for event in news:
                report(event)
                started += not event.ended
                left -= event.ended
                outcome.ended += [event] if event.ended else []
            if outcome.interrupted and started == len(outcome.ended):
                break
    finally:
        engine.close()
    return outcome
