"""What shows a sweep while it goes."""

from __future__ import annotations

from typing import Protocol

from sweeps.driving.policy import Ending
from sweeps.engines.base import Event
from sweeps.planning.tickets import Ticket
from sweeps.views.view import View


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
