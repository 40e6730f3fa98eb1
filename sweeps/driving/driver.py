"""One loop that starts what is missing on an engine, and what opens while it goes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from sweeps.driving.interrupts import Interrupts, counted_interrupts
from sweeps.driving.launcher import Launcher
from sweeps.driving.ledger import Ledger, ending_of
from sweeps.driving.policy import ALIKE, Ending
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
PAUSE = 1.0  # seconds between two plans that an end gives reason for, while other runs go
STALE = 10.0  # seconds after which a plan is made anew without a reason
RETRY = 2.0  # seconds between two plans when there is nothing to do, or a plan could not be made
CALM = 20  # planning takes at most one part in so many of the processor's time
LONGEST = 15.0  # seconds that a plan is put off for that
GIVES_UP = 600.0  # seconds that no plan can be made, with nothing under way, before the sweep ends


class Screen(Protocol):
    """Shows a sweep while it goes."""

    def planned(self, view: View) -> None:
        """The questions and the store were looked at."""

    def started(self, ticket: Ticket, event: Event) -> None:
        """A run waits in the engine's queue, or its process has started."""

    def ended(self, ticket: Ticket, event: Event, ending: Ending, again: bool) -> None:
        """A run's process has ended; `again` where it is to be started once more."""

    def say(self, words: str) -> None:
        """Something else happened."""

    def tick(self) -> None:
        """Some time has passed."""


@dataclass(frozen=True)
class Stay:
    """What a sweep waits for when there is nothing to start."""

    for_others: bool = False  # as long as somebody else is at a run: it may be lost and become free
    idle: float = 0.0  # seconds with nothing to do and nobody at work
    leaves: bool = False  # as soon as the engine has everything, which looks after it alone


@dataclass
class Result:
    """How a sweep ended; whether its questions are answered is for the store to say."""

    view: View  # the last look
    interrupted: bool = False
    repeated: str = ""  # the words of the failure that every run had
    failures: dict[str, tuple[Ticket, Ending]] = field(default_factory=dict)  # by key: the last of each run
    done: int = 0
    left: int = 0  # runs that the engine looks after alone
    unseen: list[str] = field(default_factory=list)  # keys of runs that are done, which the store misses


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
        self._looked = self._worked = time.monotonic()  # when there last was a plan; something to do
        self._cost = 0.0  # processor seconds that a plan takes
        self._trouble_since: float | None = None  # no plan could be made since then
        self._heeded = 0  # wishes to end
        self._dropped = False  # what waited in the engine's queue, because all runs fail alike

    def drive(self) -> Result:
        """Start what is missing until nothing is left that may be started.

        A run that fails stops nothing.

        Ctrl-C, SIGTERM, SIGHUP or a wish in the store asks the runs to end and waits until they have; a
        second one kills them.
        """
        with counted_interrupts() as interrupts:
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
        if self._engine.room > 0 and self._is_due():
            self._look()
        self._hold()
        while not self._result.repeated and self._queue and (room := self._engine.room) > 0:
            self._start([self._queue.popleft() for _ in range(min(room, len(self._queue)))])

    def _is_due(self) -> bool:
        age, calm = time.monotonic() - self._looked, min(CALM * self._cost, LONGEST)
        if self._trouble_since is not None or not (self._flights or self._queue or self._changed):
            return age >= max(RETRY, calm)
        if self._changed and not self._queue:
            return age >= max(PAUSE, calm) if self._flights else True
        return age >= max(STALE, calm)

    def _look(self) -> None:
        """Plan again; where that cannot be done for a while, go on with the last plan."""
        begun = time.process_time()
        try:
            view = self._lookout.look()
        except TrackerError as error:
            self._trouble(error)
            return
        finally:
            self._looked = time.monotonic()
            self._cost = time.process_time() - begun
        self._trouble_since = None
        self._adopt(view)

    def _adopt(self, view: View) -> None:
        """Start from this view from now on."""
        self._ledger.seen({key: lease for key, lease in view.seen.items() if key not in self._flights})
        self._queue = deque(
            job
            for job in view.startable()
            if job.key not in self._flights and self._ledger.may_start(job.key)
        )
        self._result.view, self._changed = view, False
        self._result.unseen = self._ledger.unseen({job.key for job in view.plan.jobs})
        self._screen.planned(view)

    def _trouble(self, error: TrackerError) -> None:
        now = time.monotonic()
        if self._trouble_since is None:
            self._trouble_since = now
            self._screen.say(f"{error} The sweep goes on and tries again.")
        if not self._flights and now - self._trouble_since > GIVES_UP:
            raise error

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
        if self._queue or self._changed or self._trouble_since is not None:
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
