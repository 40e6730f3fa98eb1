"""A node of the tree with all that its runs say."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from tracker.findings.claims import Checked
from tracker.findings.evidence import Evidence
from tracker.findings.seals import Seal
from tracker.findings.shown import Shown
from tracker.findings.standing import Standing, standing
from tracker.findings.states import ENDED, STATUS
from tracker.statistics import looks
from tracker.statistics.estimates import Estimate
from tracker.statistics.forecast import forecast
from tracker.statistics.tuning import Trial
from tracker.statistics.verdicts import Comparison, leading
from tracker.tree import Cell, Node


@dataclass(frozen=True, slots=True)
class Finding(Shown):
    """A node of the tree with all that its runs say.

    `state` is planned, blocked, parked, moot, queued, running, stalled, partial, failed, dead, diverged or
    done.
    """

    node: Node
    now: datetime
    state: str
    computed: str  # the sentence made from the runs
    estimates: tuple[Estimate, ...] = ()
    comparisons: tuple[Comparison, ...] = ()  # empty where there is no verdict
    children: tuple[Finding, ...] = field(default=())
    look: looks.Look | None = None  # the declared look that the numbers are those of
    claims: tuple[Checked, ...] = ()
    human: Checked | None = None  # a human's finding, where it is written in a form that can be checked
    evidence: Evidence = field(default_factory=Evidence)
    seal: Seal | None = None  # of the last time that somebody looked
    trials: tuple[Trial, ...] = ()  # the settings that were tried for each value, where others report

    @property
    def wanted(self) -> tuple[Cell, ...]:
        """The runs that are asked for now: with declared looks, those up to the next one that is needed.

        Some may be undecided, because their settings are still to be found or to be chosen.
        """
        stages, look = looks.stages(self.node.question), self.look
        if not stages:
            return self.node.asked
        going_on = look is not None and look.following and self.state not in ENDED
        due = stages[0] if look is None else look.following if going_on else look.seeds
        seeds = self.node.question.seeds[:due]
        return (*self.node.trials, *(cell for cell in self.node.cells if cell.seed in seeds))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The runs that the question asks for, as far as their settings are known."""
        return tuple(cell for cell in self.node.asked if cell.decided)

    @property
    def status(self) -> str:
        """planned, running or done."""
        return STATUS.get(self.state, "running")

    @property
    def text(self) -> str:
        """What a human wrote, else the computed sentence."""
        return self.node.question.finding or self.computed

    @property
    def source(self) -> str:
        """human or computed; empty where there is nothing to say."""
        return "human" if self.node.question.finding else "computed" if self.computed else ""

    @property
    def checked(self) -> tuple[Checked, ...]:
        """What the runs can be held against: the claims, and a human's finding where it can be checked."""
        return (*self.claims, self.human) if self.human else self.claims

    @property
    def seeds_counted(self) -> int:
        """How many of the declared seeds the numbers go over."""
        return self.look.seeds if self.look else len(self.node.question.seeds)

    @property
    def standing(self) -> Standing:
        """Whether what was written down or sealed still holds."""
        return standing(self.node.question.finding, self.verdict, self.human, self.evidence, self.seal)

    @property
    def lead(self) -> Comparison | None:
        """The comparison that speaks for the question in one row."""
        return leading(self.node.question, self.comparisons)

    @property
    def seeds_needed(self) -> int | None:
        """The seeds per value that would find the smallest difference of interest; None where unknown."""
        question = self.node.question
        return forecast(question, self.estimates, self.lead) if self.lead else None

    @property
    def verdict(self) -> str:
        """One of VERDICTS, or nothing while the question is open."""
        return self.lead.verdict if self.lead else ""


def walk(finding: Finding) -> Iterable[Finding]:
    """A finding and all beneath it, depth first in declared order."""
    yield finding
    for child in finding.children:
        yield from walk(child)


def part(findings: Iterable[Finding], nodes: Collection[str]) -> tuple[Finding, ...]:
    """The findings of these nodes, each with all beneath it; all of them where none is named."""
    return tuple(_part(findings, nodes)) if nodes else tuple(findings)


def _part(findings: Iterable[Finding], nodes: Collection[str]) -> Iterator[Finding]:
    for finding in findings:
        if finding.node.question.node in nodes:
            yield finding
        else:
            yield from _part(finding.children, nodes)
