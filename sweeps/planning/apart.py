"""Answers that set their question apart, because somebody told their runs what the question leaves open."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeps.planning.proposals import proposed
from tracker import Cell, Finding, Run
from tracker.configs import flat, key, look_up


def cells_now(finding: Finding) -> Iterator[tuple[Cell, str]]:
    """The runs that are asked for now, each with why its answer does not count; mostly nothing.

    Such a cell comes without the runs that were told something else. That is so where all answers are
    there, cannot be compared because of a setting that the question leaves open, and a run that leaves it
    open, too, may agree with the others. What was tried once without success is not tried again.
    """
    cells = proposed(finding)
    if finding.comparisons or not all(cell.answer for cell in cells):
        yield from ((cell, "") for cell in cells)
        return
    names = list(finding.node.confounds)
    usual = _usual([cell.answer for cell in cells if cell.answer], names) if names else {}
    for cell in cells:
        yield _without_strangers(cell, usual)


def _without_strangers(cell: Cell, usual: Mapping[str, frozenset[Hashable]]) -> tuple[Cell, str]:
    answer = cell.answer
    told = _told(answer, usual) if answer else {}
    others = [name for name, value in told.items() if key(value) not in usual[name]]
    own = tuple(run for run in cell.runs if not _told(run, usual))
    if answer is None or not others or any(run.status == "COMPLETED" for run in own):
        return cell, ""
    reason = f"run {answer.id} differs from the others in {', '.join(others)}"
    return replace(cell, answer=None, runs=own), reason


def _usual(answers: Sequence[Run], names: Sequence[str]) -> dict[str, frozenset[Hashable]]:
    """What runs have in these settings that are not told it; what most have where each is told."""
    untold: dict[str, set[Hashable]] = defaultdict(set)
    for run in answers:
        told = _told(run, names)
        for name in names:
            if name not in told:
                untold[name].add(key(look_up(run.config, name)))
    most = {name: Counter(key(look_up(run.config, name)) for run in answers) for name in names}
    return {name: frozenset(untold[name] or {most[name].most_common(1)[0][0]}) for name in names}


def _told(run: Run, names: Mapping[str, Any] | Sequence[str]) -> dict[str, Any]:
    """Those of the settings that stood on the run's command line."""
    updates = run.meta.get("config_updates")
    given = flat(updates) if isinstance(updates, Mapping) else {}
    return {name: value for name, value in given.items() if name in names}
