"""What experiments refuse, found out by asking them for their configuration."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from sweeps.checks.asking import refused
from sweeps.planning.job import Job
from tracker import load_questions
from tracker.asking.settings import ask_for_settings
from tracker.commands import WITH, with_this_python, written
from tracker.settings import STORE_VARIABLE

CALLS = 16  # of experiments in all

Kind = tuple[tuple[str, ...], tuple[str, ...]]  # the launch, the names of the settings


def refusals(jobs: Sequence[Job], address: str, questions: Path | None = None) -> list[str]:
    """A line for each of these commands that an experiment of Sacred's refuses, with its own last words.

    A setting that the experiment does not have is told once, with its line among the `questions`.

    Asked is one job of each launch with the same names of settings, then jobs until every value was seen
    once, CALLS in all. So it is not seen where only a combination of values is refused, where a value
    comes after CALLS, where the words of a command are not Sacred's, or where a run fails only later.
    """
    asked = sample([job for job in jobs if WITH in job.command])
    answers = refused([_question(job) for job in asked], {STORE_VARIABLE: address})
    first: dict[str, Job] = {}
    for job, answer in zip(asked, answers, strict=True):
        if answer:
            first.setdefault(answer, job)
    nodes = {node for job, answer in zip(asked, answers, strict=True) if answer for node in job.nodes}
    unknown = ask_for_settings(load_questions(questions), nodes).unknown if nodes and questions else {}
    others = {answer: job for answer, job in first.items() if not {*unknown.values()} & {*job.settings}}
    return [*unknown, *(f"{shlex.join(job.command)} is refused: {answer}" for answer, job in others.items())]


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


def _question(job: Job) -> tuple[str, ...]:
    place = job.command.index(WITH)
    return with_this_python((*job.command[:place], "print_config", *job.command[place:]))
