"""One run to start."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEY_LENGTH = 16  # hex digits: 64 bits, so that ten million runs are mixed up less than once in 300,000 cases


@dataclass(frozen=True)
class Expected:
    """How long a run takes, as ended runs like it did."""

    seconds: float | None = None  # the median; None where there is no run like it
    low: float = 0.0  # the shortest and the longest of them
    high: float = 0.0
    runs: int = 0  # how many there are
    like: str = ""  # in what they are like it, in words


@dataclass(frozen=True)
class Job:
    """One run to start, for every question that it answers."""

    key: str  # the same on every machine and at every time; the name of its lease
    settings: Mapping[str, Any]
    seed: int
    command: tuple[str, ...]
    nodes: tuple[str, ...]  # the questions
    state: str  # planned, or what became of the last attempt: failed, dead, interrupted
    why: str = "no run yet"  # it is to be started, in words
    priority: int = 0  # the highest of those questions
    expected: Expected = Expected()
    values: Mapping[str, Any] = field(default_factory=dict)  # question -> the value that the run is of
    declared: frozenset[str] = frozenset()  # its keys as each of the questions declares it

    def is_among(self, keys: Collection[str]) -> bool:
        """Whether one of these keys is its own, also as one of its questions declares it alone."""
        return self.key in keys or any(key in keys for key in self.declared)


def job_key(settings: Mapping[str, Any], seed: int) -> str:
    """What tells a run from every other: its settings and its seed, as the store tells runs apart.

    The command is not part of it: a run counts for every question that asks for its settings, however it
    was started, so that two questions with the same settings must not start two runs.
    """
    plain = {name: _plain(value) for name, value in settings.items()}
    text = json.dumps([plain, seed], sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def seeds_together(jobs: Iterable[Job]) -> tuple[Job, ...]:
    """The jobs with all seeds of a setting one after the other, where its first one stood."""
    groups: dict[tuple[int, str], list[Job]] = {}
    for job in jobs:
        groups.setdefault((job.priority, job_key(job.settings, 0)), []).append(job)
    return tuple(job for group in groups.values() for job in group)


def _plain(value: Any) -> Any:
    """The value with 1.0 written as 1 and a tuple as a list, which mean the same."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    return value
