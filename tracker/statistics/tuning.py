"""Which settings stand for each value of a question that tunes some on seeds of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from tracker.configs import key, same
from tracker.statistics.estimates import Numbers, usable
from tracker.statistics.moments import mean
from tracker.tree import Cell, Node


@dataclass(frozen=True, slots=True)
class Trial:
    """One combination of settings that was tried for a value, or is still to be found."""

    value: Any
    number: int  # from 1 on
    nuisance: Mapping[str, Any]  # empty while it is still to be found
    score: float | None  # the mean of `select_by` over its seeds that converged
    ended: bool  # whether a run of every seed came to its end
    diverged: int
    cells: tuple[Cell, ...]


def tried(node: Node, numbers: Numbers) -> tuple[Trial, ...]:
    """The trials of every value, in order."""
    groups = groupby(node.trials, lambda cell: (key(cell.value), cell.trial))
    return tuple(_trial(tuple(cells), numbers) for _, cells in groups)


def settled(node: Node, trials: Sequence[Trial]) -> Node:
    """The node with the runs of the chosen settings alone; undecided ones where a value is still tuned.

    A value's settings are chosen when every one of its trials has ended, so that each value had as many.
    """
    if not node.trials:
        return node
    cells = [cell for value in node.question.values for cell in _reporting(node, value, trials)]
    return replace(node, cells=tuple(cells))


def _trial(cells: tuple[Cell, ...], numbers: Numbers) -> Trial:
    first = cells[0]
    converged = [cell.answer for cell in cells if cell.answer and cell.answer.diverged is None]
    question = first.question
    found = usable(numbers(converged, question.select_by, question.metric.reduce)).values()
    return Trial(
        value=first.value,
        number=first.trial,
        nuisance=first.nuisance,
        score=mean(list(found)) if found else None,
        ended=all(cell.answer for cell in cells),
        diverged=sum(cell.answer is not None and cell.answer.diverged is not None for cell in cells),
        cells=cells,
    )


def _reporting(node: Node, value: Any, trials: Sequence[Trial]) -> Iterator[Cell]:
    """The cells of a value's chosen settings; undecided ones, one for each seed, before there is a choice."""
    own = [trial for trial in trials if same(trial.value, value)]
    cells = [cell for cell in node.cells if same(cell.value, value)]
    if all(trial.ended for trial in own):
        best = max(own, key=lambda trial: _goodness(trial, node.question.metric.goal))
        return (cell for cell in cells if cell.nuisance == best.nuisance)
    return (replace(cell, nuisance={}, runs=(), answer=None) for cell in cells[: len(node.question.seeds)])


def _goodness(trial: Trial, goal: str) -> tuple[bool, int, float]:
    """Larger is better: with a number, with fewer diverged runs, then by the number."""
    sign = 1 if goal == "maximize" else -1
    return trial.score is not None, -trial.diverged, sign * (trial.score or 0.0)
