"""The state of a question, in a word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Three words for a plan, and everything else is under way.
STATUS = {
    "planned": "planned",
    "blocked": "planned",
    "parked": "planned",
    "done": "done",
    "diverged": "done",
    "moot": "done",
}
ALIVE = ("running", "stalled", "queued")  # under way; the first that is among the runs is told
CLOSED = ("parked", "blocked", "moot")  # what is not asked, or not yet; children share it
ENDED = ("done", "diverged", "moot")
_TROUBLES = ("failed", "interrupted", "dead")


def cells_state(states: Sequence[str]) -> str:
    """The state of a question from those of its cells."""
    if all(state in ("done", "diverged") for state in states):
        return "done" if "done" in states else "diverged"
    for alive in ALIVE:
        if alive in states:
            return alive
    if any(trouble in states for trouble in _TROUBLES):
        return "dead" if "failed" not in states and "dead" in states else "failed"
    return "planned" if all(state == "planned" for state in states) else "partial"


def group_state(children: Iterable[str]) -> str:
    """The state of a group from those of its children."""
    states = set(children)
    if states == {"parked"}:
        return "parked"
    states.discard("parked")
    if states <= set(ENDED):
        return "moot" if states == {"moot"} else "done"
    for alive in ALIVE:
        if alive in states:
            return alive
    return "planned" if states <= {"planned", "blocked"} else "partial"
