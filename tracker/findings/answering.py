"""What is known of every question at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tracker.findings.claims import check
from tracker.findings.evidence import gather
from tracker.findings.finding import Finding, walk
from tracker.findings.gates import gate_of, gate_sentence
from tracker.findings.gathered import gathered
from tracker.findings.memory import Memory, OfCells
from tracker.findings.seals import Seal, read_seals
from tracker.findings.states import ENDED, cells_state, group_state
from tracker.questions.question import Question, Questions
from tracker.statistics import looks
from tracker.statistics.comparisons import compare
from tracker.statistics.estimates import Estimate, Numbers, estimates
from tracker.statistics.permutation import with_permutations
from tracker.statistics.tuning import settled, tried
from tracker.statistics.verdicts import OPEN, Comparison
from tracker.stores.base import Store
from tracker.tree import Node, build_tree
from tracker.wording import sentences
from tracker.wording.words import listed


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
