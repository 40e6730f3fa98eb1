"""Runs in their order for somebody who reads: what they have in common is said once."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from itertools import groupby

from sweeps.planning.expected import in_words
from sweeps.planning.job import Job
from tracker.questions.part import holds


def listing(jobs: Sequence[Job], only: Sequence[str] = ()) -> Iterator[str]:
    """The words of all commands, then those of each question, then a line with the rest of each run."""
    words = {job.key: _words(job) for job in jobs}
    every = _shared(list(words.values()))
    if every:
        yield f"every run: {' '.join(every)}"
    place, width = 0, len(str(len(jobs)))
    for node, stretch in groupby(jobs, lambda job: _question(job, only)):
        own = list(stretch)
        shared = [word for word in _shared([words[job.key] for job in own]) if word not in every]
        yield ""
        yield f"{node}: {' '.join(shared)}" if shared else node
        for job in own:
            place += 1
            rest = " ".join(word for word in words[job.key] if word not in (*every, *shared))
            yield f"{place:>{width}}  {rest}{_notes(job, node)}"


def _words(job: Job) -> tuple[str, ...]:
    """The command with its program as one word."""
    at = len(job.command) - 1 - job.command[::-1].index("with")
    return shlex.join(job.command[:at]), *map(shlex.quote, job.command[at + 1 :])


def _shared(several: Sequence[Sequence[str]]) -> list[str]:
    """The words that several commands have in common, but for their seeds, which stand with each run."""
    if len(several) < 2:
        return []
    return [word for word in several[0][:-1] if all(word in other for other in several[1:])]


def _question(job: Job, only: Sequence[str]) -> str:
    """The first of its questions that is asked about."""
    return next((node for node in job.nodes if holds(only, node)), job.nodes[0])


def _notes(job: Job, node: str) -> str:
    """How the run stands and how long it takes, as far as that is known, and what else it is for."""
    seconds = job.expected.seconds
    others = ", ".join(other for other in job.nodes if other != node)
    told = (
        "" if job.state == "planned" else job.state,
        "" if seconds is None else f"about {in_words(seconds)}",
        f"also for {others}" if others else "",
    )
    return f"  ({'; '.join(filter(None, told))})" if any(told) else ""
