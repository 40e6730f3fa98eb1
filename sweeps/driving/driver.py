"""One loop that starts what is missing on an engine, and what opens while it goes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sweeps.driving.interrupts import Interrupts
from sweeps.driving.launcher import Launcher
from sweeps.driving.ledger import Ledger, ending_of
from sweeps.driving.policy import ALIKE
from sweeps.driving.result import Result, Stay
from sweeps.driving.rhythm import Rhythm
from sweeps.driving.screen import Screen
from sweeps.engines.base import Engine, Event
from sweeps.exit_codes import DONE
from sweeps.planning.job import Job
from sweeps.planning.tickets import Sweep, Ticket, ticket
from sweeps.views.view import Lookout, View
from sweeps.views.words import what
from tracker.commandline import counted
from tracker.errors import StoreError, TrackerError
from tracker.leases.base import Lease

PATIENCE = 0.5  # seconds between two looks for news


@dataclass
class _Flight:
    ticket: Ticket
    heard: bool = False
    queued: bool = False


class Driver:
    """Fills an engine from the plan, hears what becomes of the runs, and plans again."""

    def __init__(
        self,
        view: View,
        lookout: Lookout,
        engine: Engine,
        sweep: Sweep,
        launcher: Launcher,
        screen: Screen,
        ledger: Ledger,
        stay: Stay,
    ) -> None:
        self._lookout = lookout
        self._engine = engine
        self._sweep = sweep
        self._launcher = launcher
        self._screen = screen
        self._ledger = ledger
        self._stay = stay
        self._queue: deque[Job] = deque()
        self._flights: dict[str, _Flight] = {}
        self._result = Result(view)
        self._changed = True  # since the last plan: a run ended, or turned out to have moved on
        self._worked = time.monotonic()  # when there last was something to do
        self._rhythm = Rhythm()
        self._heeded = 0  # wishes to end
        self._dropped = False  # what waited in the engine's queue, because all runs fail alike

    def drive(self, interrupts: Interrupts) -> Result:
        """Start what is missing until nothing is left that may be started.

        A run that fails stops nothing.

        Ctrl-C, SIGTERM, SIGHUP or a wish in the store asks the runs to end and waits until they have; a
        second one kills them.
        """
        try:
            self._adopt(self._result.view)
            self._ledger.runs = len(self._queue)
            while True:
                self._heed(interrupts)
                self._fill()
                self._screen.tick()
                if self._is_over():
                    return self._result
                for event in self._engine.events(PATIENCE):
                    self._hear(event)
        finally:
            self._engine.close()

    # ----- what to start

    def _fill(self) -> None:
        if self._result.interrupted:
            return
        going, waiting = bool(self._flights), bool(self._queue)
        if self._engine.room > 0 and self._rhythm.is_due(going, waiting, self._changed):
            self._look()
        self._hold()
        while not self._result.repeated and self._queue and (room := self._engine.room) > 0:
            self._start([self._queue.popleft() for _ in range(min(room, len(self._queue)))])

    def _look(self) -> None:
        """Plan again; where that cannot be done for a while, go on with the last plan."""
        try:
            with self._rhythm.looking():
                view = self._lookout.look()
        except TrackerError as error:
            self._trouble(error)
            return
        self._rhythm.succeeded()
        self._adopt(view)

    def _adopt(self, view: View) -> None:
        """Start from this view from now on."""
        self._ledger.seen({key: lease for key, lease in view.seen.items() if key not in self._flights})
        self._queue = deque(
            job
            for job in view.startable()
            if not job.is_among(self._flights) and self._ledger.may_start(job.key)
        )
        self._result.view, self._changed = view, False
        self._result.unseen = self._ledger.unseen({job.key for job in view.plan.jobs})
        self._screen.planned(view)

    def _trouble(self, error: TrackerError) -> None:
        if self._rhythm.failed(error, bool(self._flights)):
            self._screen.say(f"{error} The sweep goes on and tries again.")

    def _start(self, jobs: Sequence[Job]) -> None:
        """Hand the jobs to the engine, but for those that somebody else has been at since the plan."""
        view = self._result.view
        try:
            fresh = self._lookout.fresh([job.key for job in jobs])
        except StoreError as error:
            self._queue.clear()
            self._trouble(error)
            return
        tickets = []
        for job in jobs:
            seen = view.seen.get(job.key)
            if _stands(seen, fresh.get(job.key)):
                tickets.append(self._ticket(job, seen, view))
            else:
                self._changed = True
        self._flights |= {one.job.key: _Flight(one) for one in tickets}
        self._engine.submit([one.task for one in tickets])

    def _ticket(self, job: Job, seen: Lease | None, view: View) -> Ticket:
        attempt = self._ledger.attempts(job.key).count + 1
        return ticket(self._sweep, job, what(job, view.plan.shared), attempt, seen, datetime.now(UTC))

    # ----- what becomes of it

    def _hear(self, event: Event) -> None:
        flight = self._flights.get(event.key)
        if flight is None:
            return
        if event.over:
            del self._flights[event.key]
            self._end(flight.ticket, event)
        else:
            flight.heard, flight.queued = True, event.kind == "queued"
            self._screen.started(flight.ticket, event)

    def _end(self, ticket: Ticket, event: Event) -> None:
        key = ticket.job.key
        lease = None if event.exit_code == DONE else self._lease(key)
        ending = ending_of(event, lease, ticket.task.log)
        again = self._ledger.ended(key, ending, lease) and not self._result.interrupted
        self._changed = True
        self._result.done += ending.exit_code == DONE
        self._result.failures.pop(key, None)
        if ending.failed:
            self._result.failures[key] = ticket, ending
        self._screen.ended(ticket, event, ending, again)

    def _lease(self, key: str) -> Lease | None:
        try:
            return self._lookout.fresh([key]).get(key)
        except StoreError:
            return None  # the log says what happened, too

    # ----- when to end

    def _heed(self, interrupts: Interrupts) -> None:
        asked = self._launcher.asked_to_stop()
        wishes = interrupts.count + asked
        if wishes > self._heeded:
            self._heeded = wishes
            kills = "" if wishes > 1 else "; Ctrl-C again kills what runs"
            self._screen.say(f"{'killing' if kills == '' else 'ending'} {len(self._flights)} running{kills}")
            self._engine.cancel(hard=wishes > 1)
            self._result.interrupted = True

    def _hold(self) -> None:
        """Start nothing while all runs fail alike; one that still goes and succeeds takes that back."""
        if self._dropped:
            return
        queued = sum(flight.queued for flight in self._flights.values())
        queued = queued if queued > ALIKE else 0  # fewer are about to start
        waiting = len(self._queue) + queued
        words = self._ledger.repeated() if waiting else ""
        if words and not self._result.repeated:
            going = len(self._flights) - queued
            hope = f" unless one of {going} running succeeds" if going and not queued else ""
            self._screen.say(f"every run so far failed alike: {words}")
            self._screen.say(f"{counted(waiting, 'run')} will not be started{hope}")
            if queued:
                self._engine.cancel(hard=False)
                self._dropped = True
        self._result.repeated = words

    def _is_over(self) -> bool:
        if self._flights:
            self._worked = time.monotonic()
            self._result.left = len(self._flights) if self._may_leave() else 0
            return self._result.left > 0
        if self._result.interrupted or self._result.repeated:
            return True
        if self._queue or self._changed or self._rhythm.in_trouble:
            return False
        view = self._result.view
        others = view.elsewhere()
        if others & view.unsure or (others and self._stay.for_others):
            self._worked = time.monotonic()
            return False
        return time.monotonic() - self._worked >= self._stay.idle

    def _may_leave(self) -> bool:
        """Whether the engine has everything that there is to start, and goes on without a launcher."""
        heard = all(flight.heard for flight in self._flights.values())
        return self._stay.leaves and heard and not (self._queue or self._changed or self._result.interrupted)


def _stands(seen: Lease | None, fresh: Lease | None) -> bool:
    """Whether a lease is as it was seen: nobody has taken it since."""
    if seen is None or fresh is None:
        return seen is fresh
    return (seen.generation, seen.beats) == (fresh.generation, fresh.beats)
