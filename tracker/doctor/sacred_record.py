"""The files of a run that stock Sacred's FileStorageObserver wrote, changed whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.doctor.entry import put
from tracker.journal.layout import CONFIG, INFO, METRICS, RUN

OWN_FILES = {"config": CONFIG, "info": INFO}  # fields that stand in a file of their own


def change_record(folder: Path, changes: Mapping[str, Any]) -> None:
    """Set fields of the record, by their dotted paths; raises OSError."""
    for path, value in changes.items():
        field, _, rest = path.partition(".")
        file = folder / OWN_FILES.get(field, RUN)
        if field in OWN_FILES and not rest:
            _write(file, value)
            continue
        document = _read(file)
        put(document, rest if field in OWN_FILES else path, value)
        _write(file, document)


def raw_metrics(folder: Path) -> Iterator[dict[str, Any]]:
    """The metrics as Sacred wrote them, in the shape of the database's documents."""
    try:
        metrics = _read(folder / METRICS)
    except OSError:  # closed to this user, which the record's fault tells
        return
    for name, metric in metrics.items():
        if isinstance(metric, dict):
            yield {"name": name, **metric}


def change_metric(folder: Path, name: str, changes: Mapping[str, Any]) -> None:
    """Set lists of one metric; raises OSError."""
    metrics = _read(folder / METRICS)
    metrics[name] |= changes
    _write(folder / METRICS, metrics)


def _read(path: Path) -> dict[str, Any]:
    """What the file holds; nothing where it is missing or torn, which a check of its own tells."""
    try:
        found = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: Any) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(json.dumps(content, indent=2, sort_keys=True, default=_time), encoding="utf-8")
    fresh.replace(path)


def _time(moment: Any) -> str:
    """As Sacred writes a time: UTC, without saying so."""
    if not isinstance(moment, datetime):
        raise TypeError(f"{moment!r} is no time")
    return (moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment).isoformat()
