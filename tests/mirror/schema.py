"""What the documents of a database must be like so that Omniboard shows them all."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import bson

STATUSES = {"QUEUED", "RUNNING", "COMPLETED", "FAILED", "INTERRUPTED", "TIMEOUT"}
LARGEST = 12 << 20  # bytes of a document
MOST = 100_000  # points of a metric that are drawn


def faults(database: Any) -> list[str]:
    """Everything that would break Omniboard or mislead its users, in words; none in a sound database."""
    return [fault for run in database.runs.find({}) for fault in run_faults(database, run)]


def run_faults(database: Any, run: Mapping[str, Any]) -> list[str]:
    """The faults of one run's document, of its metrics, of its files."""
    found = [*_field_faults(run), *_metric_faults(database, run), *_file_faults(database, run)]
    for name in ("config", "info", "result"):
        found += [f"{name}: {fault}" for fault in _value_faults(run.get(name))]
    if len(bson.encode(run)) > LARGEST:
        found.append("is too large")
    return [f"run {run['_id']}: {fault}" for fault in found]


def _field_faults(run: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(run["_id"], int) or run["_id"] < 1:
        yield "its id is no number"
    if run.get("status") not in STATUSES:
        yield f"status is {run.get('status')}"
    for name in ("start_time", "heartbeat", "stop_time"):
        if not isinstance(run.get(name), datetime | None):
            yield f"{name} is no date"
    for name in ("host", "config", "meta", "experiment", "info"):
        if not isinstance(run.get(name), dict):
            yield f"{name} is no mapping"
    for name in ("artifacts", "resources"):
        if not isinstance(run.get(name), list):
            yield f"{name} is no list"
    if not isinstance(run.get("captured_out"), str):
        yield "captured_out is no text"
    yield from _list_faults(run)


def _list_faults(run: Mapping[str, Any]) -> Iterator[str]:
    if "fail_trace" in run and not _are_texts(run["fail_trace"]):
        yield "fail_trace is no list of texts"
    if "omniboard" in run and not _are_texts(run["omniboard"].get("tags")):
        yield "omniboard.tags is no list of texts"


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _value_faults(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("py/"):
                yield f"holds a {key}"
            yield from _value_faults(item)
    elif isinstance(value, list):
        for item in value:
            yield from _value_faults(item)
    elif isinstance(value, float) and not math.isfinite(value):
        yield "holds a number that is not finite"


def _metric_faults(database: Any, run: Mapping[str, Any]) -> Iterator[str]:
    links = run.get("info", {}).get("metrics") or []
    names = [link["name"].replace(".", "_") for link in links]
    if len(set(names)) < len(names):
        yield "two metrics are one to Omniboard"
    for link in links:
        if not re.fullmatch("[0-9a-f]{24}", link["id"]):
            yield f"metric {link['name']} has the id {link['id']}"
            continue
        metric = database.metrics.find_one({"_id": bson.ObjectId(link["id"])})
        if metric is None or (metric["name"], metric["run_id"]) != (link["name"], run["_id"]):
            yield f"metric {link['name']} is not there"
        else:
            yield from _point_faults(metric)
    if len(links) != len(list(database.metrics.find({"run_id": run["_id"]}, {"name": 1}))):
        yield "not every metric is linked"


def _point_faults(metric: Mapping[str, Any]) -> Iterator[str]:
    lengths = {len(metric[name]) for name in ("steps", "values", "timestamps")}
    if len(lengths) > 1:
        yield f"metric {metric['name']} has lists of several lengths"
    if max(lengths) > MOST or len(bson.encode(metric)) > LARGEST:
        yield f"metric {metric['name']} is too long"
    if not all(isinstance(time, datetime) for time in metric["timestamps"]):
        yield f"metric {metric['name']} has times that are no dates"
    numbers = [*metric["steps"], *metric["values"]]
    if not all(type(number) in (int, float) and math.isfinite(number) for number in numbers):
        yield f"metric {metric['name']} has a value that is not finite"


def _file_faults(database: Any, run: Mapping[str, Any]) -> Iterator[str]:
    sources = run.get("experiment", {}).get("sources") or []
    artifacts = run.get("artifacts") or []
    named = [*((name, id) for name, id in sources), *((told["name"], told["file_id"]) for told in artifacts)]
    for name, id in named:
        entry = database.fs.files.find_one({"_id": id})
        if entry is None:
            yield f"file {name} is not there"
            continue
        chunks = sorted(database.fs.chunks.find({"files_id": id}), key=lambda chunk: chunk["n"])
        wanted = list(range(math.ceil(entry["length"] / entry["chunkSize"])))
        if [chunk["n"] for chunk in chunks] != wanted or _size(chunks) != entry["length"]:
            yield f"file {name} is not whole: {[(chunk['n'], len(chunk['data'])) for chunk in chunks]}"


def _size(chunks: list[Any]) -> int:
    return sum(len(chunk["data"]) for chunk in chunks)
