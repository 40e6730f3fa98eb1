"""What a question file still misses in a store."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sweeps.planning.apart import cells_now
from sweeps.planning.expected import Durations
from sweeps.planning.job import Job, job_key
from sweeps.planning.missing import ANSWERED, UNDER_WAY, asked, missing, not_asked
from sweeps.planning.more_seeds import More, asked_for, with_more
from sweeps.planning.proposals import hindrance
from sweeps.planning.twins import Twins
from tracker import Cell, Run, load_questions, open_store
from tracker.configs import same
from tracker.findings import findings, part
from tracker.findings.seals import read_seals
from tracker.questions.part import named
from tracker.settings import STORE_VARIABLE, store_address
from tracker.tree import build_tree

__all__ = ["Job", "Plan", "make_plan", "missing"]


@dataclass(frozen=True)
class PlannedCell:
    """A run that a question asks for now, done or not."""

    node: str
    value: Any
    nuisance: Mapping[str, Any]  # what is tuned, as far as it is known
    seed: int
    state: str
    key: str  # of its job; that of no job where its settings are not known yet
    decided: bool = True  # whether they are known


@dataclass(frozen=True)
class Plan:
    """What a question file still misses in a store."""

    questions: Path
    address: str  # of the store, as given
    shown: str  # the same without credentials
    made: datetime
    jobs: tuple[Job, ...]
    grid: tuple[PlannedCell, ...]  # of all questions that are asked at this moment
    shared: Mapping[str, Any]  # the settings that all cells have in common
    only: tuple[str, ...] = ()  # the nodes that the plan is of, each with all beneath it; empty for all
    closed: tuple[str, ...] = ()  # why questions of these are not asked at this moment
    more: tuple[More, ...] = ()  # the seeds beyond the declared ones that are part of it
    hindrances: tuple[str, ...] = ()  # why some runs cannot be planned on this machine

    @cached_property
    def cells(self) -> Mapping[str, Mapping[str, str]]:
        """The state of each cell of each question, by the key of its job."""
        found: dict[str, dict[str, str]] = {}
        for cell in self.grid:
            found.setdefault(cell.node, {})[cell.key] = cell.state
        return found

    @cached_property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many cells of each question are in which state."""
        found: dict[str, Counter[str]] = {}
        for cell in self.grid:
            found.setdefault(cell.node, Counter())[cell.state] += 1
        return {node: dict(sorted(counts.items())) for node, counts in found.items()}

    @cached_property
    def states(self) -> Mapping[str, int]:
        """How many cells of all questions together are in which state."""
        return dict(sorted(Counter(cell.state for cell in self.grid).items()))

    @property
    def what(self) -> str:
        """The questions that the plan is of, in words."""
        return f"{self.questions}, only {' and '.join(self.only)}" if self.only else f"{self.questions}"

    @property
    def summary(self) -> str:
        """How far the questions are, in one sentence."""
        cells = sum(self.states.values())
        states = ", ".join(f"{count} {state}" for state, count in self.states.items())
        word = "run" if len(self.jobs) == 1 else "runs"
        missing = f"{len(self.jobs)} {word} to start" if self.jobs else "nothing to start"
        missing = "nothing is missing" if self.complete else missing
        return f"{self.what}: {missing} (of {cells} values x seeds in {self.shown}: {states})"

    @property
    def complete(self) -> bool:
        """Whether every cell has its answer."""
        return not set(self.states) - set(ANSWERED) and bool(self.grid or not self.closed)

    @property
    def undecided(self) -> int:
        """How many runs follow when their settings are found or chosen."""
        return sum(not cell.decided for cell in self.grid)

    def shell(self, job: Job) -> str:
        """The job as a line for a shell, recording in the store that this plan looks at."""
        line = shlex.join(job.command) + (f"  # {job.state}" if job.state != "planned" else "")
        if self.address == store_address() or self.address != self.shown:
            return line  # the run finds the store by itself, or its password must not be printed
        return f"{STORE_VARIABLE}={shlex.quote(self.address)} {line}"


def make_plan(
    questions: Path,
    address: str,
    now: datetime,
    *,
    failed_only: bool = False,
    more_seeds: bool = False,
    over: Collection[str] = (),
    only: Collection[str] = (),
    twins: Twins | None = None,
) -> Plan:
    """Read the questions and the store, and say what is missing; with `failed_only` what was tried before.

    With `more_seeds` the questions get the seeds that their verdicts ask for, though the file is not changed.
    `over` are the keys of leases that nobody holds any more: a run that was guarded by one of them is dead,
    even where its last sign of life is young.
    `only` names the questions, each with all beneath it, that the plan is of; none of them means all.
    `twins` finds runs that questions declare differently, and asks experiments for that.
    """
    store = open_store(address)
    runs = [buried(run, over) for run in store.runs()]
    declared = load_questions(questions)
    nodes = named(only, declared)
    seals = read_seals(questions)
    known = findings(build_tree(declared, runs), store.values, now, seals)
    if more := asked_for(part(known, nodes)) if more_seeds else ():
        known = findings(build_tree(with_more(declared, more), runs), store.values, now, seals)
    found = part(known, nodes)
    jobs = missing(known, now, Durations(runs).of, failed_only=failed_only, only=nodes, twins=twins)
    keys = {key: job.key for job in jobs for key in job.declared}
    return Plan(
        questions=questions,
        address=address,
        shown=store.address,
        made=now,
        only=nodes,
        closed=tuple(not_asked(found)) if nodes else (),
        more=more,
        hindrances=tuple(told for one in asked(found) if (told := hindrance(one))),
        jobs=jobs,
        grid=tuple(_cell(cell, now, keys) for one in asked(found) for cell, _ in cells_now(one)),
        shared=common([cell.settings for one in asked(found) for cell in one.wanted]),
    )


def buried(run: Run, over: Collection[str]) -> Run:
    """The run; one whose lease is over without any sign of life, so that it counts as dead."""
    guarded = run.status == "RUNNING" and lease_key(run) in over
    return replace(run, started=None, heartbeat=None) if guarded else run


def lease_key(run: Run) -> str:
    """The key of the lease that a run was guarded by; empty for one that was started by hand."""
    facts = run.info.get("tracker")
    return str(facts.get("lease", "")) if isinstance(facts, Mapping) else ""


def common(several: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The settings that all have with the same value."""
    shared = dict(several[0]) if several else {}
    for settings in several[1:]:
        shared = {
            name: value for name, value in shared.items() if name in settings and same(settings[name], value)
        }
    return shared


def _cell(cell: Cell, now: datetime, keys: Mapping[str, str]) -> PlannedCell:
    key, state = job_key(cell.settings, cell.seed), cell.state(now)
    key = keys.get(key) or _of_its_run(cell, state) or key
    key = key if cell.decided else f"{key} {cell.trial}"
    return PlannedCell(cell.question.node, cell.value, cell.nuisance, cell.seed, state, key, cell.decided)


def _of_its_run(cell: Cell, state: str) -> str:
    """The key under which its run was or is done, which may be that of another question's declaration."""
    runs = [cell.answer] if cell.answer else [run for run in cell.runs if state in UNDER_WAY]
    return lease_key(runs[-1]) if runs and runs[-1] else ""
