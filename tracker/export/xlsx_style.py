"""How a workbook looks: widths, colours, the words that a status may be."""

from __future__ import annotations

from collections.abc import Mapping

STATUSES = ("planned", "running", "done", "parked")  # the last is for an import

WIDTHS: Mapping[str, int] = {  # in characters; the other columns are as wide as their heading
    "node": 34,
    "sub_project": 20,
    "context": 20,
    "setup": 28,
    "name": 20,
    "parameter": 14,
    "values": 24,
    "value": 20,
    "skill": 44,
    "question": 44,
    "finding": 60,
    "finding_computed": 40,
    "metric": 16,
    "test": 16,
    "verdict": 16,
    "run_ids": 16,
    "reproduce": 40,
    "updated_at": 26,
    "started": 26,
    "stopped": 26,
    "commit": 14,
    "nuisance": 18,
}
WRAPPED = frozenset({"question", "finding", "skill", "finding_computed"})

# Blue and orange, which readers tell apart who cannot tell red from green; the word stands in the cell.
_GOOD, _BAD, _EVEN, _OPEN, _LOST = "#CFE2F3", "#FCE0C4", "#E2E2E2", "#F5F5F5", "#E8D5F2"
VERDICTS: Mapping[str, str] = {
    "better": _GOOD,
    "better-but-small": _GOOD,
    "rising": _GOOD,
    "worse": _BAD,
    "worse-but-small": _BAD,
    "falling": _BAD,
    "same": _EVEN,
    "flat": _EVEN,
    "peak": _EVEN,
    "valley": _EVEN,
    "inconclusive": _OPEN,
    "unreplicated": _OPEN,
    "diverged": _LOST,
}
STATES: Mapping[str, str] = {
    "running": _GOOD,
    "stalled": _BAD,
    "failed": _BAD,
    "dead": _BAD,
    "diverged": _LOST,
}
