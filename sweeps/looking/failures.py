"""The runs that failed and that nobody has done since, each with its log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sweeps.exit_codes import CANNOT_START, FAILED, KILLED
from sweeps.planning.job import Job
from sweeps.planning.tickets import newest_log
from sweeps.views.view import View
from sweeps.views.words import what
from tracker.leases.base import Lease

ERRORS = (FAILED, CANNOT_START, KILLED)  # the exit codes of a run that failed
FAILED_STATES = ("failed", "dead")


@dataclass(frozen=True)
class Failure:
    """A run that failed."""

    key: str
    what: str  # its settings that set it apart
    why: str
    log: str  # of its last attempt; empty where it is not known


def has_failed(lease: Lease) -> bool:
    """Whether the work ended by itself in an error."""
    return lease.outcome is not None and lease.outcome.exit_code in ERRORS


def failures(view: View, logs: Path | None = None) -> tuple[Failure, ...]:
    """In the order in which they would start again; a log is looked for in the folder of logs first."""
    found = []
    for job in view.plan.jobs:
        lease = view.seen.get(job.key)
        refused = lease is not None and has_failed(lease)
        if (job.state in FAILED_STATES or refused) and not job.is_among(view.held):
            log = newest_log(logs, {job.key, *job.declared}) if logs else None
            told = str(lease.details.get("log", "")) if lease else ""
            found.append(Failure(job.key, what(job, view.plan.shared), _why(job, lease), str(log or told)))
    return tuple(found)


def _why(job: Job, lease: Lease | None) -> str:
    """What its record says; what its lease says where it came to no record."""
    if job.state in FAILED_STATES or lease is None or lease.outcome is None:
        return job.why
    return lease.outcome.words or job.why
