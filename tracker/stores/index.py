"""What was read from the folders of runs that have ended, for as long as their files stay the same.

It is checked, never trusted: before anything is taken from it, the files are looked at from outside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tracker.run import Run
from tracker.stores.compact import Parts, is_packable, packed, unpacked
from tracker.stores.index_file import load, save
from tracker.stores.sharing import Sharing
from tracker.stores.signature import of_points, of_record

WORTH = 0.25  # seconds of reading that are saved the next time when the index is written

_ALIVE = ("RUNNING", "QUEUED")

Number = tuple[float | None, float | None]  # a reduced metric, and the step of its last point
Clock = Callable[[], int]  # nanoseconds since the epoch


class Index:
    """The runs and the numbers of one folder, in memory and, where it is worth it, in a file beside them."""

    def __init__(self, store: Path, clock: Clock = time.time_ns, worth: float = WORTH) -> None:
        self._store, self._clock, self._worth = store, clock, worth
        self._runs: dict[str, tuple[int, Run]] = {}
        self._numbers: dict[tuple[str, str], dict[str, tuple[int, Number]]] = {}
        self._sharing = Sharing()
        self._loaded = False
        self._spent = 0.0  # seconds of reading what is not in the file yet

    def run(self, name: str, read: Callable[[], Run | None]) -> Run | None:
        """The run of a folder, as `read` tells it."""
        self._load()
        now, signature = self._clock(), of_record(f"{self._store}/{name}")
        mark, kept = self._runs.get(name, (None, None))
        if kept and signature and mark == signature.mark:
            return kept
        began = time.perf_counter()
        found = read()
        if found and signature and signature.is_settled(now) and _is_final(found):
            found = self._sharing.run(found)
            self._runs[name] = signature.mark, found
            self._spent += time.perf_counter() - began
        else:
            self._runs.pop(name, None)
        return found

    def number(
        self, run: Run, metric: str, reduction: str, read: Callable[[], tuple[Number, bool]]
    ) -> Number:
        """One metric of a run, as `read` tells it, with whether it is sure of that."""
        if run.status in _ALIVE:
            return read()[0]
        self._load()
        name, now = str(run.id), self._clock()
        signature = of_points(f"{self._store}/{name}")
        numbers = self._numbers.setdefault((metric, reduction), {})
        mark, kept = numbers.get(name, (None, None))
        if kept and signature and mark == signature.mark:
            return kept
        began = time.perf_counter()
        found, sure = read()
        if sure and signature and signature.is_settled(now):
            numbers[name] = signature.mark, found
            self._spent += time.perf_counter() - began
        else:
            numbers.pop(name, None)
        return found

    def keep(self, names: Iterable[str] | None = None) -> None:
        """Writes the file if enough was read for it; forgets runs that are not among the names."""
        if names is not None:
            self._forget(set(names))
        self._sharing = Sharing()
        if self._spent > self._worth:
            save(self._store, self._content())
            self._spent = 0.0

    def _forget(self, names: set[str]) -> None:
        tables: list[dict[str, Any]] = [self._runs, *self._numbers.values()]
        for known in tables:
            for gone in known.keys() - names:
                del known[gone]

    def _content(self) -> list[list[Any]]:
        parts = Parts()
        rows = [["run", name, mark, packed(run, parts)] for name, (mark, run) in self._runs.items()]
        numbers = [
            ["numbers", metric, reduction, [[name, mark, *number] for name, (mark, number) in known.items()]]
            for (metric, reduction), known in self._numbers.items()
        ]
        return [["parts", *parts.listed], *rows, *numbers]

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        try:
            self._runs, self._numbers = _known(load(self._store))
        except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
            return  # of a shape that was never written: read everything


def _known(content: Iterable[Any]) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    parts, runs, numbers, sharing = [], {}, {}, Sharing()
    for kind, *told in content:
        if kind == "parts":
            parts = told
        elif kind == "run":
            name, mark, row = told
            runs[name] = mark, sharing.run(unpacked(name, row, parts))
        else:
            metric, reduction, rows = told
            numbers[metric, reduction] = {name: (mark, (number, step)) for name, mark, number, step in rows}
    return runs, numbers


def _is_final(run: Run) -> bool:
    """Whether nothing but its files can change what the run is; a heart that never beat may be unreadable."""
    ended = run.status not in _ALIVE and run.stopped is not None and run.heartbeat is not None
    return ended and not run.fault and is_packable(run)
