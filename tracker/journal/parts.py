"""The parts of a run that several processes have done, one after the other, as the fact `parts`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tracker.journal import moments
from tracker.journal.moments import utc

FACT = "parts"  # there is none as long as one process does the whole run

Event = Mapping[str, Any]
Facts = dict[str, Any]


def begin_part(document: Mapping[str, Any], facts: Facts, event: Event) -> None:
    """The process before is over, whether it could say so or not, and another one goes on."""
    parts = facts.setdefault(FACT, [_first(document, facts)])
    before = parts[-1]
    if "ended" not in before:
        before["ended"] = event.get("lost") or before["started"]
        before["seconds"] = _between(before["started"], before["ended"])
    facts["elapsed"] = sum(part["seconds"] or 0.0 for part in parts)
    told = event.get("part")
    parts.append({"started": event.get("time"), **(told if isinstance(told, Mapping) else {})})


def note_restored(facts: Facts, event: Event) -> None:
    """The last part goes on after this step; None where it has begun anew."""
    if facts.get(FACT):
        facts[FACT][-1]["after_step"] = event.get("after_step")


def end_part(facts: Facts, event: Event) -> Any:
    """The last part is over; the seconds in which the run was alive."""
    elapsed = event.get("elapsed")
    if not facts.get(FACT):
        return elapsed
    facts[FACT][-1] |= {"ended": event.get("time"), "seconds": elapsed}
    return sum(part.get("seconds") or 0.0 for part in facts[FACT])


def part_count(facts: Mapping[str, Any]) -> int:
    """How many parts the facts of a run tell of; 0 for a run that one process has done."""
    found = facts.get(FACT)
    return len(found) if isinstance(found, list) else 0


def _first(document: Mapping[str, Any], facts: Facts) -> Facts:
    host, start, stop = document.get("host"), utc(document.get("start_time")), utc(document.get("stop_time"))
    part: Facts = {"started": moments.text(start) if start else None}
    part |= {"host": host.get("hostname", "") if isinstance(host, Mapping) else ""}
    part |= {"code": facts["code"]} if "code" in facts else {}
    return part | ({"ended": moments.text(stop), "seconds": facts.get("elapsed")} if stop else {})


def _between(start: Any, end: Any) -> float:
    begun, over = utc(start), utc(end)
    return max(0.0, (over - begun).total_seconds()) if begun and over else 0.0
