"""What experiments refuse, found out by asking them for their configuration."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeps.engines.machine import cores, threads
from sweeps.planning.job import Job
from sweeps.planning.tickets import with_this_python
from tracker.commands import written
from tracker.settings import STORE_VARIABLE

CALLS = 16  # of experiments in all; each takes as long as they take to start
PATIENCE = 120.0  # seconds for one; what takes longer is not refused
WITH = "with"
ERROR = re.compile(r"[\w.]*(Error|Exception): ")  # as Python begins the words of one
GOES_ON = 6  # lines that an error of Sacred's goes on for
USAGE = b"Usage:"  # what Sacred says where the command line has a command already

Kind = tuple[tuple[str, ...], tuple[str, ...]]  # the launch, the names of the settings


def refusals(jobs: Sequence[Job], address: str) -> list[str]:
    """A line for each of these commands that an experiment of Sacred's refuses, with its own last words.

    Asked is one job of each launch with the same names of settings, then jobs until every value was seen
    once, CALLS in all. So it is not seen where only a combination of values is refused, where a value
    comes after CALLS, where the words of a command are not Sacred's, or where a run fails only later.
    """
    asked = sample([job for job in jobs if WITH in job.command])
    with ThreadPoolExecutor(max(1, min(len(asked), cores()))) as pool:
        answers = list(pool.map(lambda job: _refusal(job, address), asked))
    first: dict[str, Job] = {}
    for job, answer in zip(asked, answers, strict=True):
        if answer:
            first.setdefault(answer, job)
    return [f"{shlex.join(job.command)} is refused: {answer}" for answer, job in first.items()]


def sample(jobs: Sequence[Job], most: int = CALLS) -> list[Job]:
    """One job of each kind, then those that show a value for the first time."""
    kinds: dict[Kind, Job] = {}
    for job in jobs:
        kinds.setdefault(_kind(job), job)
    chosen = list(kinds.values())[:most]
    shown = {value for job in chosen for value in _values(job)}
    for job in jobs:
        if len(chosen) < most and not shown.issuperset(_values(job)):
            chosen.append(job)
            shown.update(_values(job))
    return chosen


def _kind(job: Job) -> Kind:
    return job.command[: job.command.index(WITH)], tuple(sorted(job.settings))


def _values(job: Job) -> Iterator[tuple[Kind, str, str]]:
    """The settings of a job with their values, as its kind takes them; every job has another seed."""
    for name, value in job.settings.items():
        yield _kind(job), name, written(value)


def _refusal(job: Job, address: str) -> str:
    """The last words of the experiment that refuses the job; nothing where it does not."""
    place = job.command.index(WITH)
    command = with_this_python((*job.command[:place], "print_config", *job.command[place:]))
    environment = {**os.environ, **threads(1, dict(os.environ)), STORE_VARIABLE: address}
    try:
        told = subprocess.run(
            command,
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if told.returncode == 0 or USAGE in told.stdout + told.stderr:
        return ""
    return _last(told.stderr.decode(errors="replace")) or _last(told.stdout.decode(errors="replace"))


def _last(text: str) -> str:
    """The last line that says something, with the error before it where it only goes on with that."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [place for place, line in enumerate(lines) if ERROR.match(line)]
    first = errors[-1] if errors and errors[-1] >= len(lines) - GOES_ON else len(lines) - 1
    return " ".join(lines[first:]) if lines else ""
