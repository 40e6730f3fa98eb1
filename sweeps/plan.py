"""The runs that the questions still miss."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tracker import Cell, Node, command

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

    @property
    def label(self) -> str:
        """A name for people, such as `bn-only: bn_only depth=8 seed=1`."""
        return f"{self.nodes[0]} seed={self.seed}"


def missing(nodes: Iterable[Node], now: datetime) -> tuple[Job, ...]:
    """The runs that are neither done nor under way, in the order of the questions, each once.

    A run that answers several questions is one job: a job is left out when another has all its settings.
    """
    jobs: list[Job] = []
    for node in walk(nodes):
        if node.state in CLOSED:
            continue
        for cell in node.cells:
            state = cell.state(now)
            if state not in SETTLED:
                jobs = _with(jobs, _job(cell, state))
    return tuple(jobs)


def walk(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node, depth first in declared order."""
    for node in nodes:
        yield node
        yield from walk(node.children)


def _job(cell: Cell, state: str) -> Job:
    return Job(cell.settings, cell.seed, command(cell), (cell.question.node,), state)


def _with(jobs: list[Job], job: Job) -> list[Job]:
    """The jobs with one more, unless one of them answers it too; a job it answers gives way."""
    for place, other in enumerate(jobs):
        if _answers(other, job) or _answers(job, other):
            wide = other if _answers(other, job) else job
            nodes = other.nodes + tuple(node for node in job.nodes if node not in other.nodes)
            merged = Job(wide.settings, wide.seed, wide.command, nodes, wide.reason)
            return [*jobs[:place], merged, *jobs[place + 1 :]]
    return [*jobs, job]


def _answers(job: Job, other: Job) -> bool:
    """Whether the run of `job` would match everything that `other` asks for."""
    return job.seed == other.seed and job.settings.items() >= other.settings.items()
