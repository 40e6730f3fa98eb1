"""What a question file still misses in a store."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sweeps.expected import Durations
from sweeps.job import Job
from sweeps.missing import ANSWERED, asked, missing
from tracker import Finding, load_questions, open_store
from tracker.findings import findings
from tracker.findings.seals import read_seals
from tracker.settings import STORE_VARIABLE, store_address
from tracker.tree import build_tree

__all__ = ["Job", "Plan", "make_plan", "missing"]


@dataclass(frozen=True)
class Plan:
    """What a question file still misses in a store."""

    questions: Path
    address: str  # of the store, as given
    shown: str  # the same without credentials
    jobs: tuple[Job, ...]
    states: Mapping[str, int]  # state of a cell -> how many cells
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # the same for each question's node
    made: datetime | None = None

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


def make_plan(questions: Path, address: str, now: datetime, *, failed_only: bool = False) -> Plan:
    """Read the questions and the store, and say what is missing; with `failed_only` what was tried before."""
    store = open_store(address)
    runs = list(store.runs())
    declared = load_questions(questions)
    found = findings(build_tree(declared, runs), store.values, now, read_seals(questions))
    counts = _counts(found, now)
    return Plan(
        questions=questions,
        address=address,
        shown=store.address,
        jobs=missing(found, now, Durations(runs).of, failed_only=failed_only),
        states=_sum(counts.values()),
        counts=counts,
        made=now,
    )


def _counts(found: Iterable[Finding], now: datetime) -> dict[str, Mapping[str, int]]:
    """How many cells of each question are in which state."""
    return {
        one.node.question.node: _sum(Counter([cell.state(now)]) for cell in one.wanted)
        for one in asked(found)
        if one.wanted
    }


def _sum(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    together: Counter[str] = Counter()
    for count in counts:
        together.update(count)
    return dict(sorted(together.items()))
