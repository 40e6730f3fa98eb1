"""Runs on their way into Slurm's queue, which may not take all of them at once."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from sweeps.engines import slurm_ledger
from sweeps.engines.base import Task
from sweeps.engines.slurm_ledger import Placed
from sweeps.engines.slurm_options import Wishes, parameters, shares
from sweeps.engines.slurm_submit import NotNowError, share, submit
from tracker.settings import STORE_VARIABLE

LARGEST = 500  # jobs in one array; MaxArraySize is 1001 unless a cluster says otherwise
AGAIN = 30.0  # seconds until Slurm is asked once more to take what it refused


class Backlog:
    """What Slurm has not taken yet: the runs of each job, in lots with equal needs."""

    def __init__(self, wishes: Wishes, folder: Path) -> None:
        self._wishes, self._folder = wishes, folder
        self._name = wishes.parameters.get("job_name") or f"sweep-{secrets.token_hex(4)}"
        self._lots: list[list[list[Task]]] = []
        self._tried = time.monotonic()

    def __bool__(self) -> bool:
        return bool(self._lots)

    @property
    def is_due(self) -> bool:
        """Whether Slurm is to be asked once more."""
        return bool(self) and time.monotonic() - self._tried >= AGAIN

    def add(self, tasks: Sequence[Task]) -> None:
        """Make jobs of these runs."""
        for _, group in groupby(sorted(tasks, key=_kind), key=_kind):
            lot = list(group)
            self._lots.append([[lot[at] for at in part] for part in shares(len(lot), self._wishes)])

    def drop(self) -> list[Task]:
        """The runs, which are forgotten here."""
        dropped = [task for lot in self._lots for part in lot for task in part]
        self._lots.clear()
        return dropped

    def place(self, going: bool) -> Iterator[Mapping[str, Placed]]:
        """Submit what Slurm takes, in arrays that get smaller where it refuses a large one.

        Raises NotNowError where it takes nothing, and none of ours is `going` that can end and make room.
        """
        self._tried = time.monotonic()
        size = LARGEST
        while self._lots:
            lot = self._lots[0]
            size = min(size, len(lot))
            try:
                placed = self._submitted(lot[:size])
            except NotNowError:
                if size > 1:
                    size //= 2
                    continue
                if not going:
                    raise
                return
            del lot[:size]
            self._lots = [lot for lot in self._lots if lot]
            going = True
            yield placed

    def _submitted(self, parts: Sequence[Sequence[Task]]) -> Mapping[str, Placed]:
        """One array for runs with the same needs."""
        first, most = parts[0][0], max(len(part) for part in parts)
        told = {"job_name": self._name, **parameters(first.needs, self._wishes, most)}
        at_once, early = self._wishes.at_once, int(told["signal_delay_s"])
        jobs = [share(part, at_once, self._folder, early) for part in parts]
        ids = submit(self._folder, told, jobs, first.environment)
        placed = {
            task.key: Placed(job, told["job_name"], str(task.log))
            for job, part in zip(ids, parts, strict=True)
            for task in part
        }
        slurm_ledger.add(self._folder, placed)
        return placed


def _kind(task: Task) -> tuple[Any, ...]:
    needs = task.needs
    return needs.cores, needs.gpus, needs.memory, needs.minutes, task.environment.get(STORE_VARIABLE, "")
