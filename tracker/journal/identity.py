"""The identity of a run, whatever number it has in whichever store."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Mapping
from typing import Any

from tracker.journal.jsonpickled import opened
from tracker.journal.moments import utc

_NAMESPACE = uuid.UUID("6f1d1d0e-7a53-5d0c-9f6a-0c5a9a7e6b11")  # ours; changing it renames every stock run


def new_uuid() -> str:
    """A new identity, as hexadecimal digits."""
    return uuid.uuid4().hex


def recorded_uuid(document: Mapping[str, Any]) -> str:
    """The identity that the document itself tells, or ""."""
    info = document.get("info")
    facts = info.get("tracker") if isinstance(info, Mapping) else None
    found = facts.get("uuid") if isinstance(facts, Mapping) else None
    return found if isinstance(found, str) else ""


def run_uuid(document: Mapping[str, Any]) -> str:
    """The identity of a run: what its document tells, else what stock Sacred recorded, digested.

    The records that one run left in a folder and in MongoDB give the same, and so does a copy of either.
    """
    return recorded_uuid(document) or uuid.uuid5(_NAMESPACE, _told(document)).hex


def _told(document: Mapping[str, Any]) -> str:
    start = utc(document.get("start_time"))
    # MongoDB keeps milliseconds
    begun = start.isoformat(timespec="milliseconds") if start else _queued(document)
    name, hostname = _inside(document, "experiment", "name"), _inside(document, "host", "hostname")
    config = _same_everywhere(opened(document.get("config")))
    return json.dumps([str(name), begun, str(hostname), config], sort_keys=True)


def _queued(document: Mapping[str, Any]) -> str:
    """Tells runs apart that wait with the same settings."""
    return f"queued as {document.get('_id')}"


def _inside(document: Mapping[str, Any], outer: str, inner: str) -> Any:
    found = document.get(outer)
    return found.get(inner, "") if isinstance(found, Mapping) else ""


def _same_everywhere(value: Any) -> Any:
    """Without the differences that JSON, BSON and JavaScript make: 1.0 is 1, NaN is a word, keys are text."""
    if isinstance(value, Mapping):
        return {str(key): _same_everywhere(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_same_everywhere(item) for item in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return str(value)
        return int(value) if value == int(value) else value
    return value if value is None or isinstance(value, str | bool | int) else str(value)
