"""How it is known: the runs behind a question, its settings, the commands that repeat it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from tracker.errors import TrackerError
from tracker.export.page.figures import value_text
from tracker.export.page.repeat import by_settings, commands
from tracker.export.page.words import Sign, state_sign
from tracker.findings import Finding
from tracker.questions.question import Question, Tuned
from tracker.questions.ranges import Range
from tracker.questions.tuning import trials_per_value
from tracker.run import Run
from tracker.statistics.verdicts import OPEN
from tracker.tree import Cell

_SHORT_COMMIT = 10


@dataclass(frozen=True, slots=True)
class RunLink:
    """One run of a value; `sign` is told unless the run simply answers."""

    id: str
    linked: bool  # to Omniboard, by the script of the page: 5,000 addresses would weigh 700 kB
    status: str  # Sacred's word, which Omniboard asks for
    counts: bool
    sign: Sign


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands behind a question."""

    facts: tuple[tuple[str, str], ...]
    settings: tuple[tuple[str, str], ...]
    seeds: tuple[int, ...]
    runs: tuple[tuple[str, tuple[tuple[RunLink, ...], ...]], ...]  # by combination of settings, then by seed
    commands: str


def evidence(finding: Finding, omniboard: str) -> Evidence:
    """The runs, the settings and the commands of a question."""
    return Evidence(
        facts=tuple((name, told) for name, told in _facts(finding) if told),
        settings=_settings(finding.node.question),
        seeds=finding.node.question.seeds,
        runs=tuple(_runs_of(finding, cells, omniboard) for cells in by_settings(_reporting(finding))),
        commands=commands(finding.cells),
    )


def _reporting(finding: Finding) -> list[Cell]:
    """The cells without those that only choose settings, whose seeds are others."""
    return [cell for cell in finding.cells if not cell.trial]


def run_address(omniboard: str, run: Run) -> str:
    """Where Omniboard shows a run; empty without Omniboard, or for an id that it cannot show."""
    if not omniboard or not isinstance(run.id, int):
        return ""
    return f"{omniboard}?showDrillDownRunModal=true&runIdToExpand={run.id}&runIdStatus={quote(run.status)}"


def checked_omniboard(address: str) -> str:
    """The address of an Omniboard as a link may hold it, without query; raises TrackerError."""
    if not address:
        return ""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise TrackerError(
            f"{address!r} is no address of an Omniboard; write one as in http://localhost:9000/sacred"
        )
    if parts.username or parts.password:
        raise TrackerError(
            "the address of an Omniboard holds a password, which the page would show; leave it out"
        )
    return parts._replace(query="", fragment="").geturl()


def _runs_of(
    finding: Finding, cells: Sequence[Cell], omniboard: str
) -> tuple[str, tuple[tuple[RunLink, ...], ...]]:
    """The settings in words, and for each seed every run."""
    tuned = "".join(f", {name}={value_text(value)}" for name, value in cells[0].nuisance.items())
    links = tuple(tuple(_link(finding, cell, run, omniboard) for run in cell.runs) for cell in cells)
    return f"{value_text(cells[0].value)}{tuned}", links


def _link(finding: Finding, cell: Cell, run: Run, omniboard: str) -> RunLink:
    return RunLink(
        id=str(run.id),
        linked=bool(run_address(omniboard, run)),
        status=run.status,
        counts=cell.answer is not None and cell.answer.id == run.id,
        sign=state_sign(run.state(finding.now)),
    )


def _settings(question: Question) -> tuple[tuple[str, str], ...]:
    fixed = {"experiment": question.experiment} if question.experiment else {}
    given = {name: value for name, value in {**fixed, **question.setup}.items() if name != question.parameter}
    return tuple((name, value_text(value)) for name, value in given.items())


def _facts(finding: Finding) -> Iterable[tuple[str, str]]:
    question = finding.node.question
    tests = dict.fromkeys(one.test for one in finding.comparisons if one.p is not None)
    family = max((one.family for one in finding.comparisons), default=1)
    adjusted = f", adjusted by Holm over {family} tests" if family > 1 else ""
    looks = f", shared out among {len(question.looks)} looks" if question.looks else ""
    yield "Test", f"{' and '.join(tests)} at {question.alpha:g}{adjusted}{looks}" if tests else ""
    yield "Matters from", _margin(question)
    yield "Seeds needed", _seeds_needed(finding)
    yield "Asked only if", ", ".join(f"{name} is {value}" for name, value in question.when.items())
    yield "Tuned", ", ".join(f"{name} over {_tuned(values)}" for name, values in question.nuisance.items())
    yield "Trials for each value", str(trials_per_value(question)) if question.tuning_seeds else ""
    yield "Seeds of the trials", ", ".join(map(str, question.tuning_seeds))
    yield "Chosen by", question.select_by
    yield "Not comparable", ", ".join(f"{name}: {_listed(v)}" for name, v in finding.node.confounds.items())
    yield "Not counted", ", ".join(f"run {run.id} (seed {run.seed})" for run in finding.node.undeclared)
    yield "Code", ", ".join(_commits(finding.cells))
    yield "Failed with", "; ".join(_failures(finding.cells))


def _seeds_needed(finding: Finding) -> str:
    """How many seeds would settle it, where it is open."""
    needed = finding.seeds_needed if finding.verdict in OPEN else None
    return f"about {needed} per value to find {_margin(finding.node.question)}" if needed else ""


def _margin(question: Question) -> str:
    metric = question.metric
    return "" if metric.sesoi is None else f"{metric.sesoi:g} {metric.unit}".strip()


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(value_text(value) for value in values)


def _tuned(tuned: Tuned) -> str:
    return str(tuned) if isinstance(tuned, Range) else _listed(tuned)


def _commits(cells: Iterable[Cell]) -> list[str]:
    """The commits of the runs that count, each once; one with changes on top says so."""
    found: dict[str, None] = {}
    for code in (_code(cell.answer) for cell in cells if cell.answer):
        if commit := str(code.get("commit") or "")[:_SHORT_COMMIT]:
            found[f"{commit}{' with local changes' if code.get('dirty') else ''}"] = None
    return list(found)


def _code(run: Run) -> Mapping[str, Any]:
    facts = run.info.get("tracker")
    code = facts.get("code") if isinstance(facts, Mapping) else None
    return code if isinstance(code, Mapping) else {}


def _failures(cells: Iterable[Cell]) -> list[str]:
    runs = {run.id: run for cell in cells for run in cell.runs}.values()
    return [f"run {run.id}: {run.failure}" for run in runs if run.failure]
