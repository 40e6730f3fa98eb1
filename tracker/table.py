"""The table of the tree: one row per node, ready for every export."""

from __future__ import annotations

import json
import shlex
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from tracker.cells import strangers
from tracker.commands import command
from tracker.configs import key
from tracker.findings import Finding, walk
from tracker.findings.claims import worst
from tracker.questions.question import Question
from tracker.statistics.estimates import Estimate
from tracker.tree import Cell
from tracker.wording import sentences

SCHEMA = 1  # goes up when a column changes its meaning
NEVER = ("parked", "moot")  # questions for which nothing is started
_FAILED = ("failed", "interrupted", "dead")

Scalar = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node of the tree; the fields are the columns, in their order.

    A number that is not known is None, and a text is empty. `n_runs`, `n_failed` and `cost_used_h` go over
    every run that matches, reruns too; a group counts those beneath it, each once.
    `skill_mean`, `skill_sd` and `skill_ci_*` are those of `best_value`. `delta*`, `p_adj`, `test` and
    `verdict` are those of one comparison: one with a value that never converged, else the trend where there
    is a scale (the fitted change from one end to the other), else value minus baseline for the value with
    the smallest adjusted p.
    """

    node: str
    level: int
    sub_project: str
    context: str
    setup: Mapping[str, Any]
    name: str
    parameter: str
    values: tuple[Any, ...]
    status: str  # planned, running or done
    skill: str
    question: str
    finding: str
    state: str
    priority: int  # runs of a higher number start first
    n_runs: int
    n_planned: int  # the runs that the question asks for
    n_failed: int  # failed, interrupted or dead, and no other question's
    metric: str
    skill_mean: float | None
    skill_sd: float | None
    skill_ci_low: float | None
    skill_ci_high: float | None
    best_value: Scalar
    baseline: Scalar
    delta: float | None
    delta_ci_low: float | None
    delta_ci_high: float | None
    p_adj: float | None
    test: str
    verdict: str
    effect_size: float | None  # Hedges's g of that comparison
    seeds_needed: int | None  # per value, to find the smallest difference of interest in 4 of 5 cases
    cost_used_h: float
    cost_left_h: float | None  # of the runs without an answer, at the mean of those with one
    finding_source: str  # human or computed
    finding_computed: str  # the computed sentence, also where a human's stands
    finding_state: str  # fresh, stale or contradicted; empty without runs
    finding_reason: str  # what made it stale or contradicted
    claim_state: str  # supported, contradicted or not settled; of several the worst
    claim: str  # every claim, and a human's finding, with what the runs make of it, one a line
    evidence: str  # a mark of the runs, their numbers and the question; another one means other evidence
    run_ids: tuple[int | str, ...]  # the runs that answer
    reproduce: str  # the commands of all runs that the question asks for, one a line
    updated_at: str  # when the last of the runs stopped, ISO 8601 in UTC
    order: int
    schema: int


def rows(findings: Iterable[Finding]) -> tuple[Row, ...]:
    """One row per node, depth first in declared order."""
    nodes = [one for finding in findings for one in walk(finding)]
    return tuple(_row(finding, order) for order, finding in enumerate(nodes, start=1))


def _row(finding: Finding, order: int) -> Row:
    question = finding.node.question
    return Row(
        node=question.node,
        level=question.level,
        sub_project=question.sub_project,
        context=question.context,
        setup=_setup(question),
        name=question.name,
        parameter=question.parameter,
        values=question.values,
        status=finding.status,
        skill=sentences.skills(question, finding.estimates) if finding.estimates else "",
        question=question.question,
        finding=finding.text,
        state=finding.state,
        priority=question.priority,
        metric=question.metric.name,
        baseline=scalar(question.baseline) if question.has_baseline else "",
        finding_source=finding.source,
        finding_computed=finding.computed,
        finding_state=finding.standing.state,
        finding_reason=finding.standing.reason,
        claim_state=worst(finding.checked),
        claim="\n".join(_claims(finding)),
        evidence=finding.evidence.mark,
        order=order,
        schema=SCHEMA,
        **_skill(finding),
        **_difference(finding),
        **_counts(finding),
        reproduce="\n".join(shlex.join(command(cell)) for cell in finding.cells),
    )


def _claims(finding: Finding) -> Iterable[str]:
    yield from (one.sentence for one in finding.claims)
    if finding.human:
        yield f"finding {finding.human.sentence}"


def _setup(question: Question) -> dict[str, Any]:
    """The fixed settings, with the experiment in front unless it is what the question varies."""
    varied = question.varied
    fixed = {} if "experiment" in varied or not question.experiment else {"experiment": question.experiment}
    return {**fixed, **question.setup}


def _skill(finding: Finding) -> dict[str, Any]:
    sign = 1 if finding.node.question.metric.goal == "maximize" else -1

    def goodness(one: Estimate) -> float:
        return sign * one.mean if one.mean is not None else float("-inf")

    best = max(finding.estimates, key=goodness, default=None)
    known = best if best and best.mean is not None else None
    return {
        "skill_mean": known.mean if known else None,
        "skill_sd": known.sd if known else None,
        "skill_ci_low": known.low if known else None,
        "skill_ci_high": known.high if known else None,
        "best_value": scalar(known.value) if known else "",
    }


def _difference(finding: Finding) -> dict[str, Any]:
    lead = finding.lead
    adjusted = ", Holm" if lead and lead.family > 1 else ""
    return {
        "delta": lead.delta if lead else None,
        "delta_ci_low": lead.low if lead else None,
        "delta_ci_high": lead.high if lead else None,
        "p_adj": lead.p if lead else None,
        "test": f"{lead.test}{adjusted}" if lead and lead.p is not None else "",
        "verdict": finding.verdict,
        "effect_size": lead.g if lead else None,
        "seeds_needed": finding.seeds_needed,
    }


def _counts(finding: Finding) -> dict[str, Any]:
    asked = list(_counted(finding))
    cells = [cell for one in asked for cell in one.node.asked]
    runs = {run.id: run for cell in cells for run in cell.runs}.values()
    stops = [run.stopped for run in runs if run.stopped]
    return {
        "n_runs": len(runs),
        "n_planned": len({_wanted(cell) for cell in cells}),
        "n_failed": len({id for one in _counted(finding) for id in _failures(one)}),
        "cost_used_h": round(sum(run.hours for run in runs), 4),
        "cost_left_h": _cost_left(
            cells, [cell for one in asked if one.state not in NEVER for cell in one.node.asked]
        ),
        "run_ids": tuple(dict.fromkeys(cell.answer.id for cell in cells if cell.answer and not cell.trial)),
        "updated_at": max(stops).astimezone(UTC).isoformat(timespec="seconds") if stops else "",
    }


def _failures(finding: Finding) -> Iterable[int | str]:
    """The runs of a question that failed, without those that are another question's."""
    asked = finding.node.asked
    failed = {run.id for cell in asked for run in cell.runs if run.state(finding.now) in _FAILED}
    return failed - strangers(asked) if failed else failed


def costs(finding: Finding) -> tuple[float, float | None]:
    """The hours that a question or group has used, and those that it will still take, where that is known."""
    counts = _counts(finding)
    return counts["cost_used_h"], counts["cost_left_h"]


def _cost_left(cells: Sequence[Cell], open_ones: Iterable[Cell]) -> float | None:
    answers = {cell.answer.id: cell.answer for cell in cells if cell.answer}
    left = {_wanted(cell) for cell in open_ones if not cell.answer}
    if left and not answers:
        return None
    return round(len(left) * statistics.fmean(run.hours for run in answers.values()), 4) if left else 0.0


def _counted(finding: Finding) -> Iterable[Finding]:
    """The findings whose cells a row counts: a question's own, or all beneath a group."""
    return [finding] if finding.node.cells else walk(finding)


def _wanted(cell: Cell) -> tuple[Any, ...]:
    undecided = () if cell.decided else (cell.trial,)
    return key(cell.settings), cell.seed, *undecided


def scalar(value: Any) -> Scalar:
    """A value in one cell: text and numbers as they are, anything else as JSON."""
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return value if plain else json.dumps(value, ensure_ascii=False)
