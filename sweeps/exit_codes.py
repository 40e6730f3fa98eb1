"""How the process of one run says what became of it."""

from __future__ import annotations

DONE = 0
FAILED = 1  # the run's command failed by itself; what it printed tells why
STOPPED = 75  # it was asked to end and did so in order; it can go on later (EX_TEMPFAIL)
MOVED_ON = 76  # somebody else has the lease, or has had it since the plan was made: look at the store again
LEASE_LOST = 77  # somebody else took the lease while the run went, so it was ended
CANNOT_START = 78  # no such program, or no store to hold the lease in (EX_CONFIG)
KILLED = 79  # a signal that asks nobody ended it: out of memory, kill -9, a machine that went down

WORDS = {
    DONE: "done",
    FAILED: "failed",
    STOPPED: "stopped",
    MOVED_ON: "elsewhere",
    LEASE_LOST: "lost",
    CANNOT_START: "refused",
    KILLED: "killed",
}
TRY_AGAIN = (LEASE_LOST, KILLED)  # says nothing about the run itself
