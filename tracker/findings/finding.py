"""What is known of every question at one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tracker.findings.claims import Checked, check
from tracker.findings.evidence import Evidence, gather
from tracker.findings.gates import gate_of, gate_sentence
from tracker.findings.gathered import gathered
from tracker.findings.memory import Memory, OfCells
from tracker.findings.seals import Seal, read_seals
from tracker.findings.shown import Shown
from tracker.findings.standing import Standing, standing
from tracker.findings.states import ENDED, STATUS, cells_state, group_state
from tracker.questions.question import Question, Questions
from tracker.statistics import looks
from tracker.statistics.comparisons import compare
from tracker.statistics.estimates import Estimate, Numbers, estimates
from tracker.statistics.forecast import forecast
from tracker.statistics.permutation import with_permutations
from tracker.statistics.tuning import Trial, settled, tried
from tracker.statistics.verdicts import OPEN, Comparison, leading
from tracker.stores.base import Store
from tracker.tree import Cell, Node, build_tree
from tracker.wording import sentences
from tracker.wording.words import listed


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


def answer(questions: Questions, store: Store, now: datetime) -> tuple[Finding, ...]:
    """The finding of every root, with those beneath it, from the runs in a store."""
    return findings(build_tree(questions, store.runs()), store.values, now, read_seals(questions.path))


def findings(
    nodes: Sequence[Node],
    numbers: Numbers,
    now: datetime,
    seals: Mapping[str, Seal] | None = None,
    memory: Memory[Finding] | None = None,
) -> tuple[Finding, ...]:
    """The finding of every node; `numbers` is asked once for each metric, and `seals` are by node.

    What a `memory` has seen before is not computed again.
    """
    remembered = memory.recall(_of_cells) if memory else _of_cells
    known = gathered(nodes, numbers)
    return tuple(_finding(node, known, now, None, seals or {}, remembered) for node in nodes)


def _finding(
    node: Node,
    numbers: Numbers,
    now: datetime,
    parent: Finding | None,
    seals: Mapping[str, Seal],
    of_cells: OfCells[Finding],
) -> Finding:
    gate = gate_of(node, parent)
    seal = seals.get(node.question.node)
    trials = tried(node, numbers)
    node = settled(node, trials)
    own = of_cells(node, numbers, now, gate, seal) if node.cells else Finding(node, now, gate, "")
    children = tuple(_finding(child, numbers, now, own, seals, of_cells) for child in node.children)
    if node.cells:
        return replace(own, children=children, trials=trials)
    return Finding(
        node,
        now,
        gate or group_state(child.state for child in children),
        _group_sentence(children),
        children=children,
    )


def _of_cells(node: Node, numbers: Numbers, now: datetime, gate: str, seal: Seal | None) -> Finding:
    look = looks.last_look(node)
    counted = looks.counted(node, look) if look else node
    states = [cell.state(now) for cell in node.asked]
    found = estimates(counted, numbers)
    silence = _silence(node, counted, found, states, gate, look)
    compared = () if silence else compare(counted.question, found)
    comparisons = with_permutations(counted.question, compared, found)
    asides = looks.stage(node.question, look, seal.looked_at if seal else ())
    told = silence or sentences.settled(counted.question, comparisons, found, [*asides, *_mixed(counted)])
    ended = looks.ended(look, comparisons)
    reached = cells_state(states)
    return Finding(
        node,
        now,
        gate or ("done" if ended and reached not in ENDED else reached),
        _with_uncounted(told, node),
        found,
        comparisons,
        look=look,
        seal=seal,
        evidence=gather(node, numbers),
        **_checked(node.question, comparisons),
    )


def _silence(
    node: Node,
    counted: Node,
    found: Sequence[Estimate],
    states: Sequence[str],
    gate: str,
    look: looks.Look | None,
) -> str:
    """The sentence of a question that gets no verdict, with the reason; empty where it gets one."""
    question, confounds = node.question, counted.confounds
    tuning, reporting = states[: len(node.trials)], states[len(node.trials) :]
    if gate:
        return f"{gate_sentence(node, gate)}; {sentences.progress(question, reporting, found, tuning)}"
    if confounds:
        return sentences.not_comparable(question, confounds, reporting, found, tuning)
    if cells_state(states) not in ENDED and not look:
        return sentences.progress(question, reporting, found, tuning)
    return sentences.missing(question, found) if any(one.missing for one in found) else ""


def _checked(question: Question, comparisons: Sequence[Comparison]) -> dict[str, Any]:
    """The claims, and what a human found, against the runs."""
    own = question.finding_claim
    return {
        "claims": tuple(check(question, claim, comparisons) for claim in question.claims),
        "human": check(question, own, comparisons) if own else None,
    }


def _mixed(node: Node) -> list[str]:
    """A clause for each thing beside the settings in which runs differ, though not along with the values."""
    return [
        f"{name} differs among the runs, though not with the values ({listed(states)})"
        for name, states in node.mixed.items()
    ]


def _with_uncounted(sentence: str, node: Node) -> str:
    """The sentence with a word on runs that fit but for their seed, so that nobody misses them."""
    count = len(node.undeclared)
    return f"{sentence[:-1]}; {count} more with undeclared seeds not counted." if count else sentence


def _group_sentence(children: Sequence[Finding]) -> str:
    below = [finding for child in children for finding in walk(child) if finding.node.cells]
    answered = sum(finding.verdict not in OPEN for finding in below)
    counts = [(state, sum(finding.state == state for finding in below)) for state in ("moot", "parked")]
    rest = "".join(f", {count} {state}" for state, count in counts if count)
    return f"{answered} of {len(below)} question{'s' * (len(below) != 1)} answered{rest}."


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
