"""What stock Sacred's FileStorageObserver left in a run's folder, torn or whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from tracker.journal.jsonpickled import opened
from tracker.journal.layout import CONFIG, INFO, METRICS, RESOURCES, RUN
from tracker.journal.moments import microseconds, utc
from tracker.journal.patience import Reading, check_end, is_there, read, read_if_there, unreadable
from tracker.journal.points import Points

_TIMES = ("start_time", "heartbeat", "stop_time")


def read_stock(folder: Path) -> Reading | None:
    """The run's document in the shape of MongoObserver's, without its id; None where no run is."""
    try:
        if not is_there(folder / RUN):
            return None
    except OSError as error:  # one fault for all files of a folder that is closed
        return unreadable(folder / RUN, error)
    record, config, info = read(folder / RUN), read(folder / CONFIG), read_if_there(folder / INFO)
    faults = (record.fault, config.fault, info.fault, check_end(folder / METRICS))
    told = _as_in_mongo(record.content) if not record.fault else _caught_writing(folder / RUN)
    document = {**told, "config": config.content, "info": info.content}
    return Reading(document, "; ".join(filter(None, faults)))


def stock_metrics(folder: Path) -> dict[str, Any]:
    """The metrics by name, as Sacred's file has them."""
    return read_if_there(folder / METRICS).content


def points_from(part: Any) -> Points:
    """The points of a metric that is stored as Sacred does: lists of steps, values, timestamps.

    What is no number is NaN; there are times only where every point has one.
    """
    pairs = list(zip(_list(part, "steps"), _list(part, "values"), strict=False))
    moments = [utc(moment) for moment in _list(part, "timestamps")[: len(pairs)]]
    known = [microseconds(moment) for moment in moments if moment is not None]
    steps, values = [as_number(step) for step, _ in pairs], [as_number(value) for _, value in pairs]
    return Points(steps, values, known if len(known) == len(pairs) else [])


def stock_values(part: Any) -> tuple[list[float], float | None]:
    """The values of `points_from` with the last step alone."""
    steps, values = _list(part, "steps"), _list(part, "values")
    count = min(len(steps), len(values))
    return [as_number(value) for value in values[:count]], as_number(steps[count - 1]) if count else None


def as_number(value: Any) -> float:
    """The number that Sacred meant, NaN where it is none."""
    if type(value) is float:
        return value
    value = opened(value)
    return float(value) if isinstance(value, int | float) else math.nan


def _list(part: Any, name: str) -> Sequence[Any]:
    found = part.get(name) if isinstance(part, Mapping) else None
    return found if isinstance(found, list) else ()


def _as_in_mongo(record: Mapping[str, Any]) -> dict[str, Any]:
    document = dict(record)
    document |= {name: utc(record[name]) or record[name] for name in _TIMES if record.get(name)}
    if isinstance(record.get("artifacts"), list):
        document["artifacts"] = [{"name": str(name), "file": str(name)} for name in record["artifacts"]]
    if isinstance(record.get("resources"), list):
        document["resources"] = [_resource(found) for found in record["resources"]]
    return document


def _resource(found: Any) -> Any:
    """Sacred notes where the copy is as seen from where the run was started: only its name is of use."""
    if isinstance(found, list) and len(found) == 2 and RESOURCES in PurePath(str(found[1])).parts:
        return [found[0], f"{RESOURCES}/{PurePath(str(found[1])).name}"]
    return found


def _caught_writing(path: Path) -> dict[str, Any]:
    """What an unreadable record still says: its run was alive when the file was last touched."""
    try:
        return {"status": "RUNNING", "heartbeat": datetime.fromtimestamp(path.stat().st_mtime, UTC)}
    except OSError:
        return {}
