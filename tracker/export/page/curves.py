"""Learning curves: for each value the median of its runs, with their range."""

from __future__ import annotations

import statistics
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tracker.configs import same
from tracker.export.page.recordings import Recording, Recordings
from tracker.findings import Finding
from tracker.run import Run
from tracker.tree import Cell

MOST_POINTS = 100
FEWEST_POINTS = 14


@dataclass(frozen=True, slots=True)
class Curve:
    """The runs of one value over time."""

    value: Any
    runs: int
    steps: tuple[float, ...]
    median: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """The curves of a question."""

    metric: str
    curves: tuple[Curve, ...]


def learning_curves(finding: Finding, recordings: Recordings, points: int = MOST_POINTS) -> Curves | None:
    """A curve for each value that has a run with two points or more; None without any."""
    by_value = [(one.value, _runs(finding, one.value, one.nuisance)) for one in finding.estimates]
    runs = [run for _, found in by_value for run in found]
    metric = recordings.told_by(runs, finding.node.question.metric.name)
    if not metric:
        return None
    curves = [
        _curve(value, [recordings.series(run, metric) for run in found], points) for value, found in by_value
    ]
    known = tuple(curve for curve in curves if curve)
    return Curves(metric, known) if known else None


def _runs(finding: Finding, value: Any, nuisance: Any) -> list[Run]:
    """The run of each seed: the one that counts, else the last there is, which may be under way."""
    cells = [cell for cell in finding.cells if same(cell.value, value) and _reports(cell, nuisance)]
    found = [cell.answer or (cell.runs[-1] if cell.runs else None) for cell in cells]
    return [run for run in found if run]


def _reports(cell: Cell, nuisance: Any) -> bool:
    """Whether a cell has the chosen settings and is not one of those that chose them."""
    return not cell.trial and cell.nuisance == nuisance


def _curve(value: Any, recordings: Sequence[Recording], points: int) -> Curve | None:
    drawn = [one for one in recordings if len(one.steps) > 1]
    if not drawn:
        return None
    every = sorted({step for one in drawn for step in one.steps})
    count = min(points, len(every))
    steps = [every[round(at * (len(every) - 1) / (count - 1))] for at in range(count)]
    columns = [[number for one in drawn if (number := _at(one, step)) is not None] for step in steps]
    return Curve(
        value=value,
        runs=len(drawn),
        steps=tuple(steps),
        median=tuple(statistics.median(column) for column in columns),
        low=tuple(min(column) for column in columns),
        high=tuple(max(column) for column in columns),
    )


def _at(recording: Recording, step: float) -> float | None:
    """The value at a step, on the line between its neighbours; None outside of what was recorded."""
    steps, values = recording.steps, recording.values
    if not steps[0] <= step <= steps[-1]:
        return None
    place = bisect_left(steps, step)
    if steps[place] == step:
        return values[place]
    share = (step - steps[place - 1]) / (steps[place] - steps[place - 1])
    return values[place - 1] + share * (values[place] - values[place - 1])
