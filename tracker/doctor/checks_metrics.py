"""Metrics that Omniboard draws wrongly, or not at all."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tracker.doctor.entry import Check, Entry, Flaw, Metric, inside
from tracker.journal.moments import utc

MOST_POINTS = 100_000  # in one document; Omniboard freezes at twice as many
SLACK = timedelta(seconds=60)  # by which the clocks of two machines may differ

LISTS = ("steps", "values", "timestamps")


def names(entry: Entry) -> Iterator[Flaw]:
    """Names that Omniboard cannot tell apart."""
    alike = defaultdict(list)
    for name in entry.metrics:
        alike[name.replace(".", "_")].append(name)
    for same in alike.values():
        if len(same) > 1:
            yield Flaw(f"the metrics {' and '.join(sorted(same))} differ in . and _ alone")


def not_finite(metric: Metric) -> Iterator[Flaw]:
    """Points that are no numbers, which Omniboard draws as 0."""
    values = _list(metric, "values")
    bad = [number for number, value in enumerate(values) if _is_not_finite(value)]
    if bad:
        kept = {name: _without(_list(metric, name), bad) for name in LISTS if _list(metric, name)}
        fact = {"info.tracker.not_finite": _facts(metric, bad)}
        yield Flaw(f"{len(bad)} of {len(values)} points are not finite", fact, kept)


def lengths(metric: Metric) -> Iterator[Flaw]:
    """Lists of points that do not go together."""
    steps, values, times = (_list(metric, name) for name in LISTS)
    if len(steps) != len(values) or (times and len(times) != len(values)):
        yield Flaw(f"{len(steps)} steps, {len(values)} values, {len(times)} times")


def points(metric: Metric) -> Iterator[Flaw]:
    """More points than a browser draws."""
    if len(_list(metric, "values")) > MOST_POINTS:
        yield Flaw(f"{len(_list(metric, 'values'))} points in one document")


def reused(metric: Metric) -> Iterator[Flaw]:
    """Points from before the run, which belong to a deleted one that had its id."""
    first = utc(next(iter(_list(metric, "timestamps")), None))
    start = utc(metric.run.document.get("start_time"))
    if first and start and is_older(metric.document, start):
        yield Flaw(f"its first point is {_ago(start - first)} older than the run")


def is_older(document: Mapping[str, Any], start: datetime | None) -> bool:
    """Whether a metric has points from before a run's start."""
    times = document.get("timestamps")
    first = utc(times[0]) if isinstance(times, list) and times else None
    return first is not None and start is not None and first < start - SLACK


def _facts(metric: Metric, bad: Sequence[int]) -> list[Any]:
    """What the record tells of points that are no numbers, as our own recording does."""
    steps, name = _list(metric, "steps"), metric.document.get("name")
    found = [steps[number] for number in bad if number < len(steps)]
    told = inside(metric.run.document, "info", "tracker", "not_finite")
    fact = {"metric": name, "first": found[0], "last": found[-1], "count": len(bad)} if found else {}
    return [*(told if isinstance(told, list) else []), *([fact] if fact else [])]


def _without(items: Sequence[Any], numbers: Sequence[int]) -> list[Any]:
    left_out = set(numbers)
    return [item for number, item in enumerate(items) if number not in left_out]


def _is_not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _list(metric: Metric, name: str) -> list[Any]:
    found = metric.document.get(name)
    return found if isinstance(found, list) else []


def _ago(length: timedelta) -> str:
    days, hours = length.days, length.total_seconds() / 3600
    return f"{days} days" if days else f"{hours:.1f} hours" if hours >= 1 else f"{hours * 60:.0f} minutes"


# of a run, by the names of its metrics
NAME_CHECKS = (
    Check(
        "metrics of one name", "Omniboard's columns show one value for both", "rename one in the code", names
    ),
)

# of a metric's own document
CHECKS = (
    Check("points that are not finite", "Omniboard draws them as 0", "counts them in not_finite", not_finite),
    Check("lists of different length", "steps and values do not go together", "delete the metric", lengths),
    Check("reused ids", "two runs' points stand in one curve", "delete the metric's document", reused),
)  # fmt: skip

DATABASE_CHECKS = (
    Check("long metrics", "freezes Omniboard's plot", "delete the run there and `tracker push` it", points),
)
