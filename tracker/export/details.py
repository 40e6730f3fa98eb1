"""The values and the runs behind the tree, a row each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.configs import same
from tracker.findings import Finding, walk
from tracker.run import Run
from tracker.statistics.estimates import Estimate, Numbers
from tracker.statistics.verdicts import TRENDS, Comparison
from tracker.table import Scalar, scalar
from tracker.tree import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueRow:
    """One value of one question; the fields are the columns, and what is not known is None."""

    node: str
    value: Scalar
    baseline: bool
    nuisance: Mapping[str, Any]
    n: int
    completed: int
    diverged: int
    metric: str
    mean: float | None
    sd: float | None
    ci_low: float | None
    ci_high: float | None
    delta: float | None
    delta_ci_low: float | None
    delta_ci_high: float | None
    delta_ci_level: float | None
    p_adj: float | None
    p_same: float | None
    test: str
    verdict: str
    verdict_by_ranks: str
    seeds: tuple[int, ...]
    run_ids: tuple[int | str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """One run in one question; a run that answers several stands in several rows."""

    node: str
    value: Scalar
    seed: int
    run: int | str
    role: str  # as columns.RUNS tells; nothing for a run that did not complete
    state: str
    status: str
    metric: str
    metric_value: float | None
    nuisance: Mapping[str, Any]
    experiment: str
    hours: float
    started: str
    stopped: str
    commit: str
    code_changed: bool | None
    fault: str


def value_rows(findings: Iterable[Finding]) -> tuple[ValueRow, ...]:
    """A row per node and value, in declared order."""
    nodes = (below for finding in findings for below in walk(finding))
    return tuple(_value(finding, one) for finding in nodes for one in finding.estimates)


def run_rows(findings: Iterable[Finding], numbers: Numbers | None = None) -> tuple[RunRow, ...]:
    """A row per node, value, seed and run, reruns and failed ones too.

    `numbers`, such as a store's `values`, gives the metric of runs that no estimate counts as well.
    """
    nodes = [below for finding in findings for below in walk(finding)]
    known = _numbers(nodes, numbers) if numbers else {}
    return tuple(row for finding in nodes for row in _runs(finding, known))


def _value(finding: Finding, one: Estimate) -> ValueRow:
    question = finding.node.question
    against = [other for other in finding.comparisons if other.test not in TRENDS]
    found = next((other for other in against if same(other.value, one.value)), None)
    return ValueRow(
        node=question.node,
        value=scalar(one.value),
        baseline=question.has_baseline and same(one.value, question.baseline),
        nuisance=one.nuisance,
        n=one.n,
        completed=one.completed,
        diverged=one.diverged,
        metric=question.metric.name,
        mean=one.mean,
        sd=one.sd,
        ci_low=one.low,
        ci_high=one.high,
        seeds=tuple(one.skills),
        run_ids=one.runs,
        **_difference(found),
    )


def _difference(found: Comparison | None) -> dict[str, Any]:
    tested = found is not None and found.p is not None
    return {
        "delta": found.delta if found else None,
        "delta_ci_low": found.low if found else None,
        "delta_ci_high": found.high if found else None,
        "delta_ci_level": found.level if found else None,
        "p_adj": found.p if found else None,
        "p_same": found.p_same if found else None,
        "test": found.test + (", Holm" if found.family > 1 else "") if found and tested else "",
        "verdict": found.verdict if found else "",
        "verdict_by_ranks": found.by_ranks if found else "",
    }


_Known = Mapping[tuple[str, str], Mapping[int | str, float]]


def _numbers(nodes: Iterable[Finding], numbers: Numbers) -> _Known:
    """The metric of every completed run, asked for once for each metric."""
    wanted: dict[tuple[str, str], dict[int | str, Run]] = defaultdict(dict)
    for finding in nodes:
        metric = finding.node.question.metric
        runs = (run for cell in finding.cells for run in cell.runs if run.status == "COMPLETED")
        wanted[metric.name, metric.reduce] |= {run.id: run for run in runs}
    return {(name, how): numbers(runs.values(), name, how) for (name, how), runs in wanted.items() if runs}


def _runs(finding: Finding, known: _Known) -> Iterator[RunRow]:
    metric = finding.node.question.metric
    chosen = {run: one.skills[seed] for one in finding.estimates for seed, run in _pairs(one)}
    numbers = {**known.get((metric.name, metric.reduce), {}), **chosen}
    for cell in finding.cells:
        for run in cell.runs:
            yield _run(finding, cell, run, _role(cell, run, chosen), numbers.get(run.id))


def _pairs(one: Estimate) -> Iterator[tuple[int, int | str]]:
    """Each seed with the run that gives its number."""
    return zip(one.skills, one.runs, strict=True)


def _role(cell: Cell, run: Run, chosen: Mapping[int | str, float]) -> str:
    if run.status != "COMPLETED":
        return ""
    if cell.answer is None or run.id != cell.answer.id:
        return "rerun"
    if cell.trial:
        return "tuning"
    if run.diverged is not None:
        return "diverged"
    if run.id in chosen:
        return "answer"
    return "other setting" if cell.nuisance else "no number"


def _run(finding: Finding, cell: Cell, run: Run, role: str, number: float | None) -> RunRow:
    code = _code(run)
    return RunRow(
        node=finding.node.question.node,
        value=scalar(cell.value),
        seed=cell.seed,
        run=run.id,
        role=role,
        state=run.state(finding.now),
        status=run.status,
        metric=finding.node.question.metric.name,
        metric_value=number,
        nuisance=cell.nuisance,
        experiment=run.experiment,
        hours=round(run.hours, 4),
        started=_time(run.started),
        stopped=_time(run.stopped),
        commit=str(code.get("commit") or ""),
        code_changed=bool(code["dirty"]) if "dirty" in code else None,
        fault=run.fault,
    )


def _code(run: Run) -> Mapping[str, Any]:
    facts = run.info.get("tracker")
    code = facts.get("code") if isinstance(facts, Mapping) else None
    return code if isinstance(code, Mapping) else {}


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else ""
