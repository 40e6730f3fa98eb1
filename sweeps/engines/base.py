"""What every engine promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Needs:
    """What one run takes of a machine."""

    cores: int = 1
    gpus: float = 0.0  # a share below 1 means several runs on one card
    memory: int = 0  # bytes; 0 where unknown
    minutes: int = 0  # longest time; 0 for no limit


@dataclass(frozen=True)
class Task:
    """One process to start: what an engine needs to know of a run."""

    key: str
    command: tuple[str, ...]  # starts with a program that can be found on every machine of the engine
    log: Path  # everything that the process prints
    environment: Mapping[str, str] = field(default_factory=dict)  # beside that of the sweep
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True)
class Event:
    """News of one task: it waits in a queue, its process started, its process ended, or nobody knows."""

    key: str
    kind: str  # queued, started, ended, lost
    exit_code: int | None = None  # of a process that ended, see sweeps.exit_codes
    seconds: float = 0.0  # since its start
    where: str = ""  # the machine, card or job, in words

    @property
    def over(self) -> bool:
        """Whether nothing more will be heard of the task."""
        return self.kind in ("ended", "lost")


class Engine(Protocol):
    """Starts one process a task; the store, not the engine, says what is done."""

    @property
    def room(self) -> int:
        """How many tasks more it takes now; a local pool has its free places, a cluster takes what comes."""

    def submit(self, tasks: Sequence[Task]) -> None:
        """Take the tasks and return at once. Raises LaunchError."""

    def events(self, timeout: float) -> list[Event]:
        """News since the last call, waiting at most `timeout` seconds for some."""

    def cancel(self, *, hard: bool) -> None:
        """Drop what waits and ask what runs to end; `hard` does not ask."""

    def close(self) -> None:
        """Leave no process behind that this engine alone looks after."""


@runtime_checkable
class Attached(Protocol):
    """What an engine is as well whose runs go on without a launcher."""

    def attach(self, keys: Collection[str]) -> Sequence[str]:
        """Take up those of these runs that an earlier launcher has placed, and that still wait or run."""
