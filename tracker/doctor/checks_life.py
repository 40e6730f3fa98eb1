"""Runs that say they are going, and are not."""

from __future__ import annotations

from collections.abc import Iterator

from tracker.doctor.entry import Check, Entry, Flaw, last_sign
from tracker.run import LIVE_FOR, STATUSES

NOTE = "ended by `tracker doctor --fix`: no sign of life"
ENDED = "INTERRUPTED"  # the status of a run that somebody or something killed


def dead(entry: Entry) -> Iterator[Flaw]:
    """A run without a sign of life; one with a journal is ended there, by a check of folders."""
    if entry.document.get("status") != "RUNNING" or entry.alive or entry.journaled:
        return
    beat = last_sign(entry.document)
    since = (
        f"gave its last sign of life {beat:%Y-%m-%d %H:%M:%S} UTC" if beat else "never gave a sign of life"
    )
    yield Flaw(
        f"says RUNNING, but {since}",
        {"status": ENDED, "stop_time": beat or entry.seen, "info.tracker.doctor": NOTE},
    )


def status(entry: Entry) -> Iterator[Flaw]:
    """A status that is no word of Sacred's."""
    found = entry.document.get("status")
    if found not in STATUSES:
        yield Flaw(f"its status is {found!r}" if found else "its status is missing")


CHECKS = (
    Check("dead runs", f"shown as running, though silent for {LIVE_FOR:g} s", f"writes {ENDED}", dead),
    Check("unknown status", "nobody can say how it ended", f"write one of {', '.join(STATUSES)}", status),
)
