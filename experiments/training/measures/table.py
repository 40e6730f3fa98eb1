"""The measures that a run can ask for by name, and when they look."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from experiments.training.measures.drift import drift, drift_table
from experiments.training.measures.filters import filters_at_end, filters_at_start
from experiments.training.measures.layers import layers, layers_table
from experiments.training.measures.look import Look
from experiments.training.measures.noise_scale import noise_scale
from experiments.training.measures.probe import probe
from experiments.training.measures.settling import remember, settling
from experiments.training.measures.splits import splits
from experiments.training.measures.statistics_gap import statistics_gap, statistics_table
from experiments.training.results import Result

Part: TypeAlias = Callable[[Look], Iterable[Result]]


def _nothing(look: Look) -> Iterable[Result]:  # noqa: ARG001
    return ()


@dataclass(frozen=True)
class Measure:
    """What is done before the first step and after every epoch, and what once at the end."""

    epoch: Part = _nothing
    end: Part = _nothing


MEASURES: dict[str, Measure] = {
    "probe": Measure(end=probe),
    "settling": Measure(remember, settling),
    "drift": Measure(drift, drift_table),
    "noise_scale": Measure(noise_scale),
    "splits": Measure(splits),
    "layers": Measure(layers, layers_table),
    "statistics": Measure(statistics_gap, statistics_table),
    "filters": Measure(filters_at_start, filters_at_end),
}


def after_epoch(look: Look) -> Iterator[Result]:
    """What the measures of the run have to say of this epoch."""
    for measure in _asked_for(look):
        yield from measure.epoch(look)


def at_end(look: Look) -> Iterator[Result]:
    """What they have to say of the whole run; the test images are not looked at."""
    for measure in _asked_for(look):
        yield from measure.end(look)


def _asked_for(look: Look) -> list[Measure]:
    return [MEASURES[name] for name in look.state.settings.measures]
