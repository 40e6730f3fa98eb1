"""Runs and paths, named for somebody who reads them on a terminal."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sweeps.planning.job import Job


def what(job: Job, shared: Mapping[str, Any]) -> str:
    """The job in the settings that set it apart from the others of the sweep."""
    own = {name: value for name, value in job.settings.items() if name not in shared}
    return " ".join(f"{name}={value}" for name, value in {**own, "seed": job.seed}.items())


def short(path: Path | str) -> str:
    """The path as it is said to somebody who stands in this folder."""
    return os.path.relpath(path) if Path(path).is_relative_to(Path.cwd()) else str(path)


def moment(seconds: float) -> str:
    """The time of day so many seconds from now, with the day where it is another one."""
    now = datetime.now()
    then = now + timedelta(seconds=seconds)
    return f"{then:%H:%M}" if then.date() == now.date() else f"{then:%a %d %b %H:%M}"
