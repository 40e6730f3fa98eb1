"""Seeds that verdicts ask for beyond the declared ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count, islice
from pathlib import Path

from sweeps.planning.missing import asked
from tracker import Finding, answer, load_questions, open_store
from tracker.findings import part
from tracker.findings.states import ENDED
from tracker.importing.bring_back import Import, with_changes
from tracker.importing.merge import Change
from tracker.questions import Question, Questions
from tracker.questions.part import named
from tracker.statistics.seeds import FEWEST, MOST
from tracker.statistics.verdicts import OPEN

FIELD = "more_seeds"


@dataclass(frozen=True)
class More:
    """What a question that its seeds leave open asks for."""

    node: str
    seeds: tuple[int, ...]  # to be added; none where more seeds do not help
    why: str

    def __str__(self) -> str:
        added = f"add {FIELD}: [{', '.join(map(str, self.seeds))}]; " if self.seeds else ""
        return f"{self.node}: {added}{self.why}"


def asked_for(findings: Iterable[Finding]) -> tuple[More, ...]:
    """The seeds for every question whose seeds are all there and leave it open."""
    open_ones = (one for one in asked(findings) if one.state in ENDED and one.lead and one.verdict in OPEN)
    return tuple(_more(one) for one in open_ones)


def added(
    path: Path, address: str, now: datetime, only: Collection[str] = ()
) -> tuple[tuple[More, ...], Import]:
    """What the questions, or `only` these, ask for, and the file with it, unwritten; raises TrackerError."""
    questions = load_questions(path)
    nodes = named(only, questions)
    found = asked_for(part(answer(questions, open_store(address), now), nodes))
    changes = tuple(Change(more.node, FIELD, more.seeds) for more in found if more.seeds)
    return found, with_changes(questions, changes)


def write_more(
    path: Path, address: str, now: datetime, say: Callable[[str], None], only: Collection[str] = ()
) -> None:
    """Write the seeds that open verdicts ask for into the question file; says what and why."""
    found, change = added(path, address, now, only)
    for more in found:
        say(str(more))
    if not any(more.seeds for more in found):
        say("no open verdict asks for more seeds that would help")
        return
    change.write()
    say(f"{path} has them now:\n{change.diff('with more seeds')}")


def with_more(questions: Questions, more: Sequence[More]) -> Questions:
    """The questions as the file would ask them with these seeds."""
    by_node = {one.node: one.seeds for one in more}
    return replace(questions, roots=tuple(_with_more(root, by_node) for root in questions.roots))


def _with_more(question: Question, by_node: Mapping[str, tuple[int, ...]]) -> Question:
    more = by_node.get(question.node, ())
    return replace(
        question,
        seeds=(*question.seeds, *more),
        added=(*question.added, *more),
        children=tuple(_with_more(child, by_node) for child in question.children),
    )


def _more(finding: Finding) -> More:
    question, there = finding.node.question, len(finding.node.question.seeds)
    if finding.seeds_counted < there:
        told = f"the last look is at {finding.seeds_counted} of {there} seeds; declare a further look"
        return More(question.node, (), told)
    needed = finding.seeds_needed
    if needed is None and there < FEWEST:
        needed = FEWEST
    if needed is None:
        reason = "the metric has no sesoi" if question.metric.sesoi is None else "the seeds have no spread"
        return More(question.node, (), f"nobody can say how many seeds would be enough, because {reason}")
    if needed > MOST:
        return More(question.node, (), f"more than {MOST} seeds per value would be needed")
    if needed <= there:
        told = f"{there} seeds are there and {needed} should be enough; the difference may be a small one"
        return More(question.node, (), told)
    seeds = tuple(islice(_free(question), needed - there))
    goal = "for a verdict" if needed == FEWEST else "would find the smallest difference that matters"
    return More(question.node, seeds, f"about {needed} seeds per value {goal}, and there are {there}")


def _free(question: Question) -> Iterator[int]:
    """Seeds behind the declared ones that choose no settings either."""
    return (seed for seed in count(max(question.seeds) + 1) if seed not in question.tuning_seeds)
