"""The files of a run as Sacred's FileStorageObserver writes them, made from its journal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.journal.atomic import replacing
from tracker.journal.layout import CONFIG, INFO, METRICS, POINTS, RUN
from tracker.journal.reader import read_record
from tracker.journal.sacred_metrics import write_metrics

_APART = ("config", "info")  # have files of their own


def write_sacred_files(folder: Path) -> None:
    """run.json, config.json, info.json, metrics.json, each whole or not at all. Raises OSError.

    The last two are there only when the run has info or metrics. Without a journal nothing is written.
    """
    record = read_record(folder)
    if record is None or not record.journaled or record.fault:
        return
    _write(folder / CONFIG, record.document.get("config", {}))
    if record.document["info"]:
        _write(folder / INFO, record.document["info"])
    if (folder / POINTS).exists() and (folder / POINTS).stat().st_size:
        with replacing(folder / METRICS) as file:
            write_metrics(folder / POINTS, file)
    _write(folder / RUN, sacred_record(record.document))  # last, as it says that the run is over


def write_first_files(folder: Path) -> None:
    """run.json and config.json, as they stand when a run begins. Raises OSError."""
    record = read_record(folder)
    if record is not None:
        _write(folder / CONFIG, record.document.get("config", {}))
        _write(folder / RUN, sacred_record(record.document) | {"heartbeat": None})


def sacred_record(document: Mapping[str, Any]) -> dict[str, Any]:
    """What run.json holds: times without a zone, artifacts by the names of their files."""
    record = {name: value for name, value in document.items() if name not in _APART}
    record |= {name: _naive(value) for name, value in record.items() if isinstance(value, datetime)}
    if "artifacts" in record:
        record["artifacts"] = [artifact["file"] for artifact in record["artifacts"]]
    return record


def _naive(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()


def _write(path: Path, content: Any) -> None:
    with replacing(path) as file:
        json.dump(content, file, sort_keys=True, indent=2, allow_nan=False)
