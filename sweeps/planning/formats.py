"""A plan as a table for people, and as CSV and JSON for programs."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from sweeps.planning.expected import Total
from sweeps.planning.job import Job
from sweeps.planning.plan import Plan
from tracker.export.csv_file import MARK, csv_text
from tracker.export.sheets import Column, Sheet

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = (
    Column("order", "integer", "which run starts first"),
    Column("node", "string", "the question that the run is for"),
    Column("value", "any", "the value of the question's parameter"),
    Column("seed", "integer", "the seed"),
    Column("why", "string", "why it is to be started"),
    Column("state", "string", "planned, or what became of the last attempt"),
    Column("priority", "integer", "runs of a higher number start first"),
    Column("expected_seconds", "number", "the median of runs like it"),
    Column("expected_low", "number", "the shortest of them"),
    Column("expected_high", "number", "the longest of them"),
    Column("expected_runs", "integer", "how many there are"),
    Column("expected_like", "string", "in what they are like it"),
    Column("also_for", "array", "other questions that the same run answers"),
    Column("settings", "object", "its settings without the seed"),
    Column("command", "string", "the command line that starts it"),
    Column("key", "string", "tells the run from every other"),
)


def sheet(plan: Plan) -> Sheet:
    """The missing runs, a row each."""
    rows = tuple(tuple(_told(at, job).values()) for at, job in enumerate(plan.jobs, 1))
    return Sheet("missing", "one row per run to start", _COLUMNS, rows, ("key",))


def as_csv(plan: Plan) -> str:
    """The missing runs as CSV in the format of the exported tree."""
    return csv_text(sheet(plan))


def write_csv(plan: Plan, out: Path) -> None:
    """Write the missing runs for a spreadsheet."""
    from tracker.export.files import replace_all

    replace_all({out: (MARK + as_csv(plan)).encode()})


def as_json(plan: Plan, total: Total) -> str:
    """The whole plan for a program."""
    document = {
        "questions": str(plan.questions),
        "only": list(plan.only),
        "store": plan.shown,
        "made": plan.made.isoformat(timespec="seconds"),
        "complete": plan.complete,
        "undecided": plan.undecided,
        "states": plan.states,
        "nodes": plan.counts,
        "workers": total.workers,
        "expected_seconds": total.seconds if total.known else None,
        "expected_low": total.low if total.known else None,
        "expected_high": total.high if total.known else None,
        "expected_unknown": total.unknown,
        "jobs": [_told(at, job) for at, job in enumerate(plan.jobs, 1)],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=str)


def _told(order: int, job: Job) -> dict[str, Any]:
    node, *others = job.nodes
    known = job.expected.seconds is not None
    return {
        "order": order,
        "node": node,
        "value": job.values.get(node),
        "seed": job.seed,
        "why": job.why,
        "state": job.state,
        "priority": job.priority,
        "expected_seconds": _rounded(job.expected.seconds),
        "expected_low": _rounded(job.expected.low) if known else None,
        "expected_high": _rounded(job.expected.high) if known else None,
        "expected_runs": job.expected.runs,
        "expected_like": job.expected.like,
        "also_for": others,
        "settings": dict(job.settings),
        "command": shlex.join(job.command),
        "key": job.key,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)
