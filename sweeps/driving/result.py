"""What a sweep waits for, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from sweeps.driving.policy import Ending
from sweeps.planning.tickets import Ticket
from sweeps.views.view import View


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
