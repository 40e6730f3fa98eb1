"""What a sweep knows of itself while it goes: counts, what runs, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sweeps.driving.policy import Ending
from sweeps.engines.base import Event
from sweeps.exit_codes import DONE
from sweeps.planning.tickets import Ticket
from sweeps.views.forecast import Pace, remaining
from sweeps.views.standing import News, Standing, standings, together
from sweeps.views.view import View

HOUR = 3600.0


@dataclass(frozen=True)
class Running:
    """One run of this sweep that is under way."""

    ticket: Ticket
    where: str
    since: float  # on the account's clock
    queued: bool = False


@dataclass
class Account:
    """Kept up by the news of a sweep; asked by what shows it."""

    clock: Callable[[], float] = time.monotonic
    view: View | None = None
    running: dict[str, Running] = field(default_factory=dict)
    failed: dict[str, tuple[Ticket, Ending]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    places: int = 1  # the most runs at once so far
    _pace: Pace = field(default_factory=Pace)
    _begun: float | None = None

    def start(self, ticket: Ticket, event: Event) -> None:
        """A run waits in the engine's queue, or runs."""
        now = self.clock()
        self._begun = self._begun or now
        self.running[event.key] = Running(ticket, event.where, now, event.kind == "queued")
        going = sum(not run.queued for run in self.running.values())
        self.places = max(self.places, going)

    def end(self, ticket: Ticket, event: Event, ending: Ending) -> None:
        """A run ended."""
        self.running.pop(event.key, None)
        self.failed.pop(event.key, None)
        if ending.exit_code == DONE:
            self.done.add(event.key)
            self._pace.note(event.seconds, ticket.job.expected.seconds)
        elif ending.failed:
            self.failed[event.key] = ticket, ending

    def questions(self) -> list[Standing]:
        """How far each question is."""
        return standings(self.view.plan, self._news(self.view)) if self.view else []

    def whole(self) -> Standing:
        """How far all of them are, each run counted once."""
        return together(self.view.plan, self._news(self.view)) if self.view else Standing("")

    def per_hour(self) -> float | None:
        """Runs that are done in an hour; None before the first is."""
        if not self.done or self._begun is None:
            return None
        return len(self.done) * HOUR / max(self.clock() - self._begun, 0.001)

    def seconds_left(self) -> float | None:
        """Until the last run ends; None where no run says how long one takes."""
        if self.view is None:
            return None
        gone = {*self.running, *self.done, *self.failed}
        jobs = [job for job in self.view.startable() if job.key not in gone]
        waiting = [self._pace.of(job.expected.seconds) for job in jobs]
        going = [self._left(run) for run in self.running.values()]
        known = [seconds for seconds in (*waiting, *going) if seconds is not None]
        if len(known) < len(waiting) + len(going) or not known:
            return None
        return remaining(known[: len(waiting)], known[len(waiting) :], self.places)

    def _left(self, run: Running) -> float | None:
        takes = self._pace.of(run.ticket.job.expected.seconds)
        return None if takes is None else takes - (0.0 if run.queued else self.clock() - run.since)

    def _news(self, view: View) -> News:
        return News({*self.running, *view.held}, self.done, self.failed)
