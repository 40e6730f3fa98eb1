"""What a question file asks for that no run knows: metrics, settings, most often a slip of the pen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tracker.configs import flat
from tracker.findings import Finding, walk
from tracker.run import Run
from tracker.stores.base import Store
from tracker.tree import Cell

Known = Mapping[str, Sequence[str]]


def unrecorded_metrics(findings: Iterable[Finding], store: Store) -> dict[str, tuple[str, ...]]:
    """The metrics that are asked for but recorded by no run, each with those that one of its runs has."""
    unknown: dict[str, tuple[str, ...]] = {}
    for one in (below for finding in findings for below in walk(finding)):
        answers = [cell.answer for cell in one.node.cells if cell.answer and cell.answer.diverged is None]
        if answers and not any(estimate.n for estimate in one.estimates):
            recorded = store.metrics(answers[0])
            if one.node.question.metric.name not in recorded:
                unknown[one.node.question.metric.name] = recorded
    return unknown


def unknown_settings(
    findings: Iterable[Finding], runs: Iterable[Run]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """The settings that no run of their experiment has: (experiment, setting) -> those that its runs have.

    Nothing is said of an experiment without runs, because only a run tells what can be set.
    """
    had = _settings(runs)
    unknown: dict[tuple[str, str], tuple[str, ...]] = {}
    for cell in _first_cells(findings):
        experiment = str(cell.settings.get("experiment", ""))
        for name in cell.settings:
            if name != "experiment" and experiment in had and not _is_among(name, had[experiment]):
                unknown[experiment, name] = tuple(sorted(had[experiment]))
    return unknown


def _settings(runs: Iterable[Run]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        found[run.experiment].update(flat(run.config))
    return found


def _first_cells(findings: Iterable[Finding]) -> Iterable[Cell]:
    """A cell of each value, which all have the same settings; the seed varies fastest."""
    for one in (below for finding in findings for below in walk(finding)):
        yield from one.node.cells[:: len(one.node.question.seeds) or 1]


def _is_among(name: str, known: Iterable[str]) -> bool:
    """Whether a setting is known, itself or as a mapping around known ones."""
    return any(name == other or other.startswith(f"{name}.") for other in known)
