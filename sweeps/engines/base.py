"""What every engine promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sweeps.plan import Job


@dataclass(frozen=True)
class Event:
    """News of one job: it started, or its process ended with an exit code."""

    job: Job
    log: Path  # everything its process printed
    exit_code: int | None = None  # None: it started
    seconds: float = 0.0  # since its start

    @property
    def ended(self) -> bool:
        """Whether the job's process is over."""
        return self.exit_code is not None


class Engine(Protocol):
    """Starts one process a job; the store, not the engine, says what is done."""

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take the jobs and return at once."""

    def events(self, timeout: float) -> list[Event]:
        """News since the last call, waiting at most `timeout` seconds for some."""

    def cancel(self, *, hard: bool) -> None:
        """Start nothing more and ask what runs to end; `hard` does not ask."""

    def close(self) -> None:
        """Leave no process behind."""
