"""The runs that questions still miss, each once and in the order in which they shall start."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sweeps.planning.apart import cells_now
from sweeps.planning.job import Expected, Job, job_key
from sweeps.planning.twins import Twins
from tracker import Cell, Finding, Run, command, walk
from tracker.questions.part import holds
from tracker.questions.tuning import trials_per_value

ANSWERED = ("done", "diverged")  # the states of a cell that there is an answer for
UNDER_WAY = ("running", "stalled", "queued")  # those in which somebody else is at it
# the states of a question that is not asked, or not yet
CLOSED = ("blocked", "parked", "moot")

Forecast = Callable[[Mapping[str, Any]], Expected]


@dataclass(frozen=True)
class _Wanted:
    """A run that a question asks for, and where it stands in the order."""

    cell: Cell
    key: str  # of its job, as the question declares it
    state: str
    purpose: str  # what the run is for, where a seed and a value do not tell
    apart: str  # why the answer that there is does not count; mostly nothing
    place: tuple[int, ...]  # stage, question, phase, round: whole stages first, then question by question


def asked(findings: Iterable[Finding]) -> list[Finding]:
    """The questions that are asked at this moment."""
    return [one for finding in findings for one in walk(finding) if one.state not in CLOSED]


def not_asked(findings: Iterable[Finding]) -> Iterator[str]:
    """Why questions among these miss no runs at this moment, a line each."""
    for finding in findings:
        for one in walk(finding):
            if one.state in CLOSED and one.node.question.values:
                yield f"{one.node.question.node} is {one.state}, so that its runs are not asked for"


def missing(
    findings: Iterable[Finding],
    now: datetime,
    expect: Forecast | None = None,
    *,
    failed_only: bool = False,
    only: Collection[str] = (),
    twins: Twins | None = None,
) -> tuple[Job, ...]:
    """The runs that are neither done nor under way, each once; with `failed_only` those that were tried.

    `only` leaves out those that no question of these nodes, or beneath them, asks for. Where the `twins`
    are not known, runs are the same whose settings are declared alike.

    First by priority; then whole stages, so that no question gets the runs of its second look while another
    waits for its first; then question by question as they stand; and inside a question the first seed of
    every value before the second of any. Trials that choose settings come before the runs that report.
    """
    wanted = [
        one
        for one in _wanted(asked(findings), now)
        if one.cell.decided
        and one.state not in (*ANSWERED, *UNDER_WAY)
        and not (failed_only and one.state == "planned")
    ]
    shared = twins.shared({one.key: one.cell for one in wanted}) if twins else {}
    found: dict[str, list[_Wanted]] = {}
    for one in wanted:
        found.setdefault(shared.get(one.key, one.key), []).append(one)
    jobs = [
        (_job(key, wanted, expect), min(one.place for one in wanted))
        for key, wanted in found.items()
        if any(holds(only, one.cell.question.node) for one in wanted)
    ]
    return tuple(job for job, _ in sorted(jobs, key=lambda made: (-made[0].priority, made[1])))


def _wanted(findings: Iterable[Finding], now: datetime) -> Iterator[_Wanted]:
    for place, finding in enumerate(findings):
        seeds = finding.node.question.seeds
        stage = _stage(finding)
        for cell, apart in cells_now(finding):
            order = (stage, place, 0, cell.trial) if cell.trial else (stage, place, 1, seeds.index(cell.seed))
            key = job_key(cell.settings, cell.seed)
            yield _Wanted(cell, key, cell.state(now), _purpose(finding, cell), apart, order)


def _stage(finding: Finding) -> int:
    """How many of its declared looks a question has behind it."""
    look = finding.look
    return (look.number or len(finding.node.question.looks)) if look else 0


def _purpose(finding: Finding, cell: Cell) -> str:
    """What a run is for beside its value and seed."""
    question, purposes = finding.node.question, []
    if cell.trial:
        return f"trial {cell.trial} of {trials_per_value(question)}"
    if question.tuning_seeds:
        purposes.append(f"chosen: {' '.join(f'{name}={one}' for name, one in cell.nuisance.items())}")
    if cell.seed in question.added:
        purposes.append(f"added after a look at {len(question.seeds) - len(question.added)} seeds")
    elif question.looks:
        due = question.looks[0] if finding.look is None else finding.look.following or finding.look.seeds
        purposes.append(f"for the look at {due} seeds")
    return "; ".join(purposes)


def _job(key: str, wanted: list[_Wanted], expect: Forecast | None) -> Job:
    """The job of a run that one question asks for or several: it states what any of them does."""
    first = wanted[0]
    settings = {name: value for one in wanted for name, value in one.cell.settings.items()}
    return Job(
        key=key,
        settings=settings,
        seed=first.cell.seed,
        command=command(replace(first.cell, settings=settings)),
        nodes=tuple(dict.fromkeys(one.cell.question.node for one in wanted)),
        state=first.state,
        why=why(first.cell, first.state, first.purpose, first.apart),
        priority=max(one.cell.question.priority for one in wanted),
        expected=expect(settings) if expect else Expected(),
        values={one.cell.question.node: one.cell.value for one in wanted},
        declared=frozenset(one.key for one in wanted),
    )


def why(cell: Cell, state: str, purpose: str = "", apart: str = "") -> str:
    """Why a run is to be started, in words."""
    last = cell.runs[-1] if cell.runs else None
    reason = _became(last, state) if last else "" if apart else "no run yet"
    return "; ".join(filter(None, (reason, apart, purpose)))


def _became(run: Run, state: str) -> str:
    """What became of the last run of a cell without an answer."""
    host = str(run.host.get("hostname") or "")
    where = f" on {host}" if host else ""
    if state == "failed":
        told = run.failure.strip().splitlines()
        return f"the last one failed{where}: {told[-1] if told else 'it left no word'}"
    return f"the last one died{where}" if state == "dead" else f"the last one was {state}{where}"
