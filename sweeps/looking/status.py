"""How a sweep stands, seen from any machine that sees the store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sweeps.looking.failures import Failure, failures, has_failed
from sweeps.planning.missing import ANSWERED
from sweeps.planning.plan import Plan
from sweeps.views.forecast import remaining
from sweeps.views.roster import became, name, roster
from sweeps.views.standing import News, Standing, standings, together
from sweeps.views.view import Lookout, View
from tracker.leases import open_leases
from tracker.leases.base import Lease


@dataclass(frozen=True)
class Status:
    """How a question file stands at one moment."""

    plan: Plan
    questions: tuple[Standing, ...]
    whole: Standing
    launchers: tuple[Lease, ...]  # that have not ended
    runs: tuple[Lease, ...]  # that are under way
    gone: frozenset[str]  # keys of those of them whose process is known to have ended without a word
    seconds_left: float | None  # None where no run tells how long one takes, or nobody is at work
    error: Lease | None  # of the last run that failed and has not been done since
    failures: tuple[Failure, ...]  # all of these, whoever started them


def look_up(questions: Path, address: str, only: Collection[str] = (), logs: Path | None = None) -> Status:
    """The status now, of the questions or `only` of these."""
    return status(Lookout(questions, address, open_leases(address), only=only).look(), logs)


def status(view: View, logs: Path | None = None) -> Status:
    """The status as a view shows it; failed runs have their logs from the folder of logs, if there is one."""
    plan, news = view.plan, News(running=view.held)
    there = roster(plan, view.seen.values())
    answered = {cell.key for cell in plan.grid if cell.state in ANSWERED}  # of those some may just end
    runs = [lease for lease in there.runs if lease.key in view.held and lease.key not in answered]
    launchers = [lease for lease in there.launchers if lease.outcome is None]
    return Status(
        plan=plan,
        questions=tuple(standings(plan, news)),
        whole=together(plan, news),
        launchers=tuple(launchers),
        runs=tuple(runs),
        gone=frozenset(one.key for one in launchers if one.key not in view.held),
        seconds_left=_seconds_left(view, runs),
        error=_last_error(plan, there.runs),
        failures=failures(view, logs),
    )


def as_document(status: Status) -> dict[str, Any]:
    """The same for a program."""
    return {
        "questions": str(status.plan.questions),
        "only": list(status.plan.only),
        "store": status.plan.shown,
        "made": status.plan.made.isoformat(timespec="seconds"),
        "complete": status.plan.complete,
        **_counts(status.whole),
        "nodes": [{"node": one.node, **_counts(one)} for one in status.questions],
        "launchers": [_told(one) | {"gone": one.key in status.gone} for one in status.launchers],
        "runs": [_told(one) for one in status.runs],
        "expected_seconds": None if status.seconds_left is None else round(status.seconds_left, 1),
        "last_error": _told(status.error) if status.error else None,
        "failures": [asdict(one) for one in status.failures],
    }


def _counts(standing: Standing) -> dict[str, int]:
    return {
        "done": standing.done,
        "running": standing.running,
        "failed": standing.failed,
        "left": standing.left,
    }


def _told(lease: Lease) -> dict[str, Any]:
    outcome = lease.outcome
    return {
        "key": lease.key,
        "what": name(lease),
        "host": lease.holder.host,
        "pid": lease.holder.pid,
        "engine": lease.details.get("engine", ""),
        "log": lease.details.get("log", ""),
        "since": lease.taken.isoformat(timespec="seconds"),
        "sign_of_life": lease.renewed.isoformat(timespec="seconds"),
        "asked_to_stop": lease.stop,
        "became": became(lease),
        "words": outcome.words if outcome else "",
    }


def _last_error(plan: Plan, runs: Iterable[Lease]) -> Lease | None:
    """The last failure among the runs that nobody has done since."""
    states = {cell.key: cell.state for cell in plan.grid}
    failed = [
        (lease.outcome.ended, lease)
        for lease in runs
        if lease.outcome and has_failed(lease) and states[lease.key] not in ANSWERED
    ]
    return max(failed, key=lambda one: one[0])[1] if failed else None


def _seconds_left(view: View, runs: Iterable[Lease]) -> float | None:
    """Until the last run ends, if as many go on at once as now."""
    waiting = [job.expected.seconds for job in view.startable()]
    going = [_left(lease, view.plan.made) for lease in runs]
    known = [seconds for seconds in (*waiting, *going) if seconds is not None]
    if not going or len(known) < len(waiting) + len(going):
        return None
    return remaining(known[: len(waiting)], known[len(waiting) :], len(going))


def _left(lease: Lease, now: datetime) -> float | None:
    expected = _number(lease.details, "expected")
    return None if expected is None else expected - (now - lease.taken).total_seconds()


def _number(details: Mapping[str, Any], name: str) -> float | None:
    found = details.get(name)
    return float(found) if isinstance(found, int | float) else None
