"""A Sacred run document becomes a Run, whichever store it came from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker.journal.jsonpickled import opened
from tracker.journal.moments import from_microseconds, utc
from tracker.journal.points import Points
from tracker.journal.stock import as_number, points_from
from tracker.run import Run, Series, reduced


def run_from(document: Mapping[str, Any], faults: Iterable[str] = ()) -> Run:
    """The Run of a document in the shape of Sacred's MongoObserver.

    Fields may be missing, as in QUEUED runs; what cannot be understood is left out and told in `fault`.
    """
    noted = list(faults)
    config = _mapping(document, "config", noted)
    return Run(
        id=run_id(document),
        experiment=_name(document, noted),
        status=_status(document, noted),
        config=config,
        seed=_seed(config.get("seed")),
        command=str(document.get("command") or ""),
        started=_time(document, "start_time", noted),
        heartbeat=_time(document, "heartbeat", noted),
        stopped=_time(document, "stop_time", noted),
        result=opened(document.get("result")),
        info=_without_links(_mapping(document, "info", noted)),
        host=_without(_mapping(document, "host", noted), "ENV"),  # nobody compares it, and it may be secret
        meta=_mapping(document, "meta", noted),
        failure=_last_line(document.get("fail_trace")),
        fault="; ".join(noted),
    )


def _name(document: Mapping[str, Any], noted: list[str]) -> str:
    found = document.get("experiment")
    if isinstance(found, Mapping):  # not opened: its long lists are of no use here
        return str(found.get("name", ""))
    _mapping(document, "experiment", noted)
    return ""


def _last_line(trace: Any) -> str:
    """The error itself, which is the last line of a traceback; Sacred keeps it as a list of pieces."""
    text = "".join(map(str, trace)) if isinstance(trace, list) else str(trace or "")
    return text.rstrip().rpartition("\n")[2].strip()


def run_id(document: Mapping[str, Any]) -> int | str:
    """A number, as Sacred gives them, or the name of a run that was called otherwise."""
    found = document["_id"]
    return found if isinstance(found, int) else str(found)


def series_from(name: str, documents: Iterable[Mapping[str, Any]]) -> Series:
    """A metric from the documents that hold its parts, joined by their first steps."""
    whole = Points()
    for points in map(points_from, _in_order(documents)):
        whole.add(points)
    return series_of(name, whole)


def series_of(name: str, points: Points) -> Series:
    """The series of all points of a metric."""
    known = len(points.times) == len(points.values)
    times = tuple(map(from_microseconds, points.times)) if known else ()
    return Series(name, tuple(points.steps), tuple(points.values), times)


def values_from(documents: Iterable[Mapping[str, Any]]) -> list[float]:
    """The values of `series_from` alone, of whose steps only each part's first is needed."""
    return [as_number(value) for part in _in_order(documents) for value in _list(part, "values")]


def number_from(
    run: Run, name: str, values: Sequence[float], last_step: float | None, reduction: str
) -> float | None:
    """A metric of a run as one number, by `tracker.run.reduced`; None where it has none.

    Points that were not finite are told by the run's fact `not_finite` alone, and count as they would among
    the values: after the last of those, at `last_step`, they leave no last one; any leaves no other number.
    """
    return reduced(() if is_hidden(run, name, last_step, reduction) else values, reduction)


def is_hidden(run: Run, name: str, last_step: float | None, reduction: str) -> bool:
    """Whether points that were not finite leave no number, whatever the others are."""
    passed_over = _not_finite(run, name)
    return bool(passed_over) and (reduction != "last" or _is_after(passed_over.get("last"), last_step))


def _not_finite(run: Run, name: str) -> Mapping[str, Any]:
    facts = run.info.get("tracker")
    counts = facts.get("not_finite") if isinstance(facts, Mapping) else None
    if not counts:
        return {}
    found = [count for count in counts if isinstance(count, Mapping)] if isinstance(counts, list) else []
    return next((count for count in found if count.get("metric") == name and count.get("count")), {})


def _is_after(step: Any, last_step: float | None) -> bool:
    return last_step is None or not isinstance(step, int | float) or step >= last_step


def _mapping(document: Mapping[str, Any], name: str, noted: list[str]) -> Mapping[str, Any]:
    found = opened(document.get(name))
    if isinstance(found, Mapping):
        return found
    if found is not None:
        noted.append(f"{name} is not a mapping")
    return {}


def _status(document: Mapping[str, Any], noted: list[str]) -> str:
    if isinstance(document.get("status"), str):
        return str(document["status"])
    noted.append("status is missing")
    return ""


def _time(document: Mapping[str, Any], name: str, noted: list[str]) -> datetime | None:
    moment = utc(document.get(name))
    if moment is None and document.get(name) is not None:
        noted.append(f"{name} is not a time")
    return moment


def _seed(seed: Any) -> int | None:
    whole = isinstance(seed, int | float) and not isinstance(seed, bool) and seed == seed // 1
    return int(seed) if whole else None


def _without(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}


def _without_links(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """`info` without the list that links a run to its metrics, which MongoObserver puts there."""
    links = info.get("metrics")
    ours = isinstance(links, list) and all(isinstance(link, Mapping) and "id" in link for link in links)
    return _without(info, "metrics") if ours else info


def _in_order(documents: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(documents, key=lambda part: as_number(next(iter(_list(part, "steps")), math.inf)))


def _list(part: Mapping[str, Any], name: str) -> Sequence[Any]:
    return part[name] if isinstance(part.get(name), list) else ()
