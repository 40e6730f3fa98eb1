"""A Sacred run document becomes a Run, whichever store it came from."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tracker.run import Run, Series

_PYTHON_NOTES = frozenset({"__doc__", "__annotations__"})  # what config scopes leave behind
_LISTS = ("py/tuple", "py/set")  # jsonpickle's words for them
_BLOBS = frozenset({*_LISTS, "py/object"})
_CODED_KEY = "json://"  # how jsonpickle marks a key that is not a string


def run_from(document: Mapping[str, Any], faults: Iterable[str] = ()) -> Run:
    """The Run of a document in the shape of Sacred's MongoObserver.

    Fields may be missing, as in QUEUED runs; what cannot be understood is left out and told in `fault`.
    """
    noted = list(faults)
    config = _mapping(document, "config", noted)
    return Run(
        id=run_id(document),
        experiment=str(_mapping(document, "experiment", noted).get("name", "")),
        status=_status(document, noted),
        config=config,
        seed=_seed(config.get("seed")),
        command=str(document.get("command") or ""),
        started=_time(document, "start_time", noted),
        heartbeat=_time(document, "heartbeat", noted),
        stopped=_time(document, "stop_time", noted),
        result=plain(document.get("result")),
        info=_without_links(_mapping(document, "info", noted)),
        host=_without(_mapping(document, "host", noted), "ENV"),  # nobody compares it, and it may be secret
        meta=_mapping(document, "meta", noted),
        failure=_last_line(document.get("fail_trace")),
        fault="; ".join(noted),
    )


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
    steps: list[float] = []
    values: list[float] = []
    times: list[datetime] = []
    for part in _in_order(documents):
        points = list(zip(_list(part, "steps"), _list(part, "values"), strict=False))
        steps += [_number(step) for step, _ in points]
        values += [_number(value) for _, value in points]
        found = (utc(moment) for moment in _list(part, "timestamps")[: len(points)])
        times += [moment for moment in found if moment is not None]
    return Series(name, tuple(steps), tuple(values), tuple(times) if len(times) == len(values) else ())


def values_from(documents: Iterable[Mapping[str, Any]]) -> list[float]:
    """The values of `series_from` alone, of whose steps only each part's first is needed."""
    return [_number(value) for part in _in_order(documents) for value in _list(part, "values")]


def plain(value: Any) -> Any:
    """What jsonpickle made of a value, as plain data where that is obvious; nothing is ever unpickled.

    Tuples, sets, arrays become lists and numpy's scalars become numbers; other blobs stay as they are.
    """
    if isinstance(value, Mapping):
        if not _BLOBS.isdisjoint(value):
            return _opened(value)
        return {_key(key): plain(item) for key, item in value.items() if key not in _PYTHON_NOTES}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def utc(moment: Any) -> datetime | None:
    """An aware UTC time from a datetime or ISO text, where one without a zone is UTC; else None."""
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            return None
    if not isinstance(moment, datetime):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _opened(blob: Mapping[str, Any]) -> Any:
    for name in _LISTS:
        if isinstance(blob.get(name), list):
            return plain(blob[name])
    if str(blob.get("py/object")).startswith("numpy."):
        if "value" in blob:
            return blob["value"]
        if isinstance(blob.get("values"), list):  # a large array's values are compressed text
            return plain(blob["values"])
    return dict(blob)


def _key(key: str) -> Any:
    if not key.startswith(_CODED_KEY):
        return key
    try:
        meant = json.loads(key.removeprefix(_CODED_KEY))
    except ValueError:
        return key
    return key if isinstance(meant, dict | list) else meant


def _mapping(document: Mapping[str, Any], name: str, noted: list[str]) -> Mapping[str, Any]:
    found = plain(document.get(name))
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
    return sorted(documents, key=lambda part: _number(next(iter(_list(part, "steps")), math.inf)))


def _number(value: Any) -> float:
    value = plain(value)
    return float(value) if isinstance(value, int | float) else math.nan


def _list(part: Mapping[str, Any], name: str) -> Sequence[Any]:
    return part[name] if isinstance(part.get(name), list) else ()
