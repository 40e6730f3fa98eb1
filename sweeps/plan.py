"""The runs that the questions still miss."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sweeps.job import Job, job_key
from tracker import Cell, Finding, answer, command, load_questions, open_store, walk
from tracker.settings import STORE_VARIABLE, store_address

__all__ = ["Job", "Plan", "make_plan", "missing"]

ANSWERED = ("done", "diverged")  # the states of a cell that there is an answer for
UNDER_WAY = ("running", "queued")  # those in which somebody else is at it
# the states of a question that is not asked, or not yet
CLOSED = ("blocked", "parked", "moot")


@dataclass(frozen=True)
class Plan:
    """What a question file still misses in a store."""

    questions: Path
    address: str  # of the store, as given
    shown: str  # the same without credentials
    jobs: tuple[Job, ...]
    states: Mapping[str, int]  # state of a cell -> how many cells

    @property
    def summary(self) -> str:
        """How far the questions are, in one sentence."""
        cells = sum(self.states.values())
        states = ", ".join(f"{count} {state}" for state, count in self.states.items())
        word = "run" if len(self.jobs) == 1 else "runs"
        missing = f"{len(self.jobs)} {word} to start" if self.jobs else "nothing to start"
        missing = "nothing is missing" if self.complete else missing
        return f"{self.questions}: {missing} (of {cells} values x seeds in {self.shown}: {states})"

    @property
    def complete(self) -> bool:
        """Whether every cell has its answer."""
        return not set(self.states) - set(ANSWERED)

    def shell(self, job: Job) -> str:
        """The job as a line for a shell, recording in the store that this plan looks at."""
        line = shlex.join(job.command) + (f"  # {job.state}" if job.state != "planned" else "")
        if self.address == store_address() or self.address != self.shown:
            return line  # the run finds the store by itself, or its password must not be printed
        return f"{STORE_VARIABLE}={shlex.quote(self.address)} {line}"


def make_plan(questions: Path, address: str, now: datetime) -> Plan:
    """Read the questions and the store, and say what is missing."""
    store = open_store(address)
    findings = answer(load_questions(questions), store, now)
    open_cells = [cell for finding in _asked(findings) for cell in finding.wanted]
    states = Counter(cell.state(now) for cell in open_cells)
    return Plan(questions, address, store.address, missing(findings, now), dict(sorted(states.items())))


def missing(findings: Iterable[Finding], now: datetime) -> tuple[Job, ...]:
    """The runs that are neither done nor under way, each once: by priority, then as the questions stand."""
    jobs: dict[str, Job] = {}
    for finding in _asked(findings):
        for cell in finding.wanted:
            state = cell.state(now)
            if state not in (*ANSWERED, *UNDER_WAY):
                wanted = job_key(cell.settings, cell.seed)
                jobs[wanted] = _job(wanted, cell, state, jobs.get(wanted))
    return tuple(sorted(jobs.values(), key=lambda job: -job.priority))


def _asked(findings: Iterable[Finding]) -> list[Finding]:
    return [one for finding in findings for one in walk(finding) if one.state not in CLOSED]


def _job(key: str, cell: Cell, state: str, earlier: Job | None) -> Job:
    """The job of a cell, which may be that of an earlier question too."""
    question = cell.question
    nodes = (*(earlier.nodes if earlier else ()), question.node)
    priority = max(question.priority, earlier.priority) if earlier else question.priority
    return Job(key, cell.settings, cell.seed, command(cell), nodes, state, priority=priority)
