"""The runs that the questions still miss."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker import Cell, Finding, answer, command, load_questions, open_store, walk
from tracker.settings import STORE_VARIABLE, store_address

# the states of a cell that nothing has to be started for
SETTLED = ("done", "diverged", "running", "queued")
# the states of a question that is not asked, or not yet
CLOSED = ("blocked", "moot")


@dataclass(frozen=True)
class Job:
    """One run to start, for every question that it answers."""

    settings: Mapping[str, Any]
    seed: int
    command: tuple[str, ...]
    nodes: tuple[str, ...]
    reason: str  # planned, or what became of the last attempt: failed, dead, interrupted


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
        missing = f"{len(self.jobs)} {word} to start" if self.jobs else "nothing is missing"
        return f"{self.questions}: {missing} (of {cells} values x seeds in {self.shown}: {states})"

    def shell(self, job: Job) -> str:
        """The job as a line for a shell, recording in the store that this plan looks at."""
        line = shlex.join(job.command)
        if self.address == store_address() or self.address != self.shown:
            return line  # the run finds the store by itself, or its password must not be printed
        return f"{STORE_VARIABLE}={shlex.quote(self.address)} {line}"


def make_plan(questions: Path, address: str, now: datetime) -> Plan:
    """Read the questions and the store, and say what is missing."""
    store = open_store(address)
    findings = answer(load_questions(questions), store, now)
    open_cells = [cell for finding in _asked(findings) for cell in finding.cells]
    states = Counter(cell.state(now) for cell in open_cells)
    return Plan(questions, address, store.address, missing(findings, now), dict(sorted(states.items())))


def missing(findings: Iterable[Finding], now: datetime) -> tuple[Job, ...]:
    """The runs that are neither done nor under way, in the order of the questions, each once."""
    jobs: list[Job] = []
    for finding in _asked(findings):
        for cell in finding.cells:
            state = cell.state(now)
            if state not in SETTLED:
                jobs = _with(jobs, _job(cell, state))
    return tuple(jobs)


def _asked(findings: Iterable[Finding]) -> list[Finding]:
    return [one for finding in findings for one in walk(finding) if one.state not in CLOSED]


def _job(cell: Cell, state: str) -> Job:
    return Job(cell.settings, cell.seed, command(cell), (cell.question.node,), state)


def _with(jobs: list[Job], job: Job) -> list[Job]:
    """The jobs with one more; where one run answers two of them, the one with more settings stays."""
    for place, other in enumerate(jobs):
        if _answers(other, job) or _answers(job, other):
            wide = other if _answers(other, job) else job
            nodes = tuple(dict.fromkeys((*other.nodes, *job.nodes)))
            return [*jobs[:place], replace(wide, nodes=nodes), *jobs[place + 1 :]]
    return [*jobs, job]


def _answers(job: Job, other: Job) -> bool:
    """Whether the run of `job` would match everything that `other` asks for."""
    return job.seed == other.seed and all(
        name in job.settings and job.settings[name] == value for name, value in other.settings.items()
    )
