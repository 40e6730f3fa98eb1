"""The metrics of runs over time, read once and thinned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.run import Run
from tracker.statistics.estimates import LARGEST
from tracker.stores.base import Store

KEPT = 400  # points of a series that are kept: four times what the largest plot shows
_LIKE_VALIDATION = ("validation", "val", "valid", "dev")
_LOSSES = ("train.loss", "training.loss", "loss")


@dataclass(frozen=True, slots=True)
class Recording:
    """One metric of one run: finite numbers by rising step."""

    steps: tuple[float, ...] = ()
    values: tuple[float, ...] = ()


class Recordings:
    """What runs recorded; a run is asked again only after it has changed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: dict[int | str, tuple[Any, tuple[str, ...]]] = {}
        self._series: dict[tuple[int | str, str], tuple[Any, Recording]] = {}

    def names(self, run: Run) -> tuple[str, ...]:
        """The metrics of a run."""
        state = _changes(run)
        if self._names.get(run.id, (None,))[0] != state:
            self._names[run.id] = state, self._store.metrics(run)
        return self._names[run.id][1]

    def series(self, run: Run, name: str) -> Recording:
        """One metric, thinned."""
        state = _changes(run)
        if self._series.get((run.id, name), (None,))[0] != state:
            series = self._store.series(run, name)
            self._series[run.id, name] = state, _thinned(series.steps, series.values)
        return self._series[run.id, name][1]

    def told_by(self, runs: Sequence[Run], metric: str) -> str:
        """The metric to draw over time: the one that is asked about, else what comes nearest to it.

        An accuracy on the test set is measured once, at the end; then the same word of the validation set is
        drawn, else a loss. Nothing where the runs recorded nothing over time.
        """
        if not runs:
            return ""
        run = next((one for one in runs if metric in self.names(one)), runs[0])
        candidates = dict.fromkeys(_nearest(metric, self.names(run)))
        return next((name for name in candidates if len(self.series(run, name).steps) > 1), "")


def _nearest(metric: str, names: Iterable[str]) -> list[str]:
    known = list(names)
    word = metric.rpartition(".")[2]
    alike = [name for name in known if name.rpartition(".")[2] == word]
    alike.sort(key=lambda name: not name.startswith(_LIKE_VALIDATION))
    return [name for name in (metric, *alike, *_LOSSES) if name in known]


def _changes(run: Run) -> tuple[Any, ...]:
    return run.status, run.heartbeat, run.stopped


def _drawable(number: float) -> bool:
    return math.isfinite(number) and abs(number) <= LARGEST


def _thinned(steps: Sequence[float], values: Sequence[float]) -> Recording:
    """The finite points by step, the last of equal ones; of many the first, the last and some between."""
    pairs = zip(steps, values, strict=True)
    found = sorted({step: value for step, value in pairs if _drawable(step) and _drawable(value)}.items())
    if len(found) > KEPT:
        found = [found[round(at * (len(found) - 1) / (KEPT - 1))] for at in range(KEPT)]
    return Recording(tuple(step for step, _ in found), tuple(value for _, value in found))
