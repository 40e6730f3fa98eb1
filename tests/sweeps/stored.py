"""Ended runs in a folder, as the stock observer leaves them, written without running anything."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sweeps.planning.job import Job

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def store_run(
    runs: Path,
    config: Mapping[str, Any],
    metrics: Mapping[str, float],
    *,
    status: str = "COMPLETED",
    seconds: float = 60.0,
    start: datetime | None = None,
    **record: Any,
) -> Path:
    """One more run; each starts a minute after the one before."""
    number = len(list(runs.glob("[0-9]*"))) + 1
    start = start or NOON + timedelta(minutes=number)
    end = start + timedelta(seconds=seconds)
    told = {
        "experiment": {"name": "toy"},
        "command": "main",
        "status": status,
        "start_time": _written(start),
        "heartbeat": _written(end),
        "host": {"hostname": "box"},
        **({} if status == "RUNNING" else {"stop_time": _written(end)}),
        **record,
    }
    points = {
        name: {"steps": [1], "values": [value], "timestamps": [_written(end)]}
        for name, value in metrics.items()
    }
    folder = runs / str(number)
    folder.mkdir(parents=True)
    for name, content in {"run": told, "config": dict(config), "metrics": points, "info": {}}.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(content))
        os.utime(path, (1e9, 1e9))  # no writer is at it any more
    return folder


def store_job(runs: Path, job: Job, metrics: Mapping[str, float], **how: Any) -> Path:
    """The run of a job, ended."""
    settings = {name: value for name, value in job.settings.items() if name != "experiment"}
    return store_run(runs, {**settings, "seed": job.seed}, metrics, **how)


def _written(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat()
