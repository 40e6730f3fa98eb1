"""What an engine is given for a job: the process to start, and what the lease says of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sweeps.engines.base import Needs, Task
from sweeps.planning.job import Job
from tracker.address import is_mongo
from tracker.commands import with_this_python
from tracker.leases.base import Lease
from tracker.settings import QUESTIONS_VARIABLE, STORE_VARIABLE, run_folder

CHECKPOINTS = "_checkpoints"  # beside the runs
MOMENT = "%Y%m%d-%H%M%S"  # what the name of a log begins with


@dataclass(frozen=True)
class Sweep:
    """What the runs of one launcher have in common."""

    questions: Path
    address: str  # of the store
    engine: str
    logs: Path
    launcher: str  # the key of the launcher's lease
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True)
class Ticket:
    """One attempt at a job."""

    job: Job
    task: Task
    what: str  # the job in the words that set it apart
    attempt: int


def ticket(sweep: Sweep, job: Job, what: str, attempt: int, seen: Lease | None, now: datetime) -> Ticket:
    """The attempt as a task: the runner, which takes the lease if it stands as `seen`, and the command."""
    log = sweep.logs.absolute() / f"{now:{MOMENT}}-{job.key}-{sweep.launcher[-4:]}-{attempt}.log"
    details = _details(sweep, job, what, attempt, log)
    options = ["--key", job.key, "--seen", f"{seen.generation}:{seen.beats}" if seen else "none"]
    options += ["--details", json.dumps(details, ensure_ascii=True, separators=(",", ":"))]
    options += ["--checkpoint", str(checkpoint(sweep.address, job.key))]
    command = (sys.executable, "-m", "sweeps.runner", *options, "--", *with_this_python(job.command))
    environment = {STORE_VARIABLE: sweep.address, QUESTIONS_VARIABLE: ",".join(job.nodes)}
    return Ticket(job, Task(job.key, command, log, environment, sweep.needs), what, attempt)


def newest_log(folder: Path, keys: Collection[str]) -> Path | None:
    """The log of the last attempt at the job with one of these keys."""
    found = [path for key in keys for path in folder.glob(f"*-{key}-*.log")]
    return max(found, key=lambda path: path.name, default=None)


def checkpoint(address: str, key: str) -> Path:
    """The file in which the run with this key keeps its state, beside the runs of this machine."""
    folder = Path(run_folder() if is_mongo(address) else address)
    return folder.absolute() / CHECKPOINTS / f"{key}.pt"


def _details(sweep: Sweep, job: Job, what: str, attempt: int, log: Path) -> dict[str, Any]:
    return {
        "kind": "run",
        "what": what,
        "questions": list(job.nodes),
        "file": str(sweep.questions.resolve()),
        "launcher": sweep.launcher,
        "engine": sweep.engine,
        "attempt": attempt,
        "log": str(log),
        "expected": job.expected.seconds,
    }
