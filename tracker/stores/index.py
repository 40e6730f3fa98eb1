"""What was read from the folders of runs that have ended, for as long as their files stay the same.

It is checked, never trusted: before anything is taken from it, every file that it was read from is looked at
from outside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from tracker.run import Run
from tracker.stores.compact import Parts, is_packable, packed, unpacked
from tracker.stores.index_file import load, save
from tracker.stores.sharing import Sharing
from tracker.stores.signature import is_settled, mark, of_points, of_record

WORTH = 0.25  # seconds of reading that are saved the next time when the index is written

_ALIVE = ("RUNNING", "QUEUED")

Number = tuple[float | None, float | None]  # a reduced metric, and the step of its last point
Clock = Callable[[], int]  # nanoseconds since the epoch


class Index:
    """The runs and the numbers of one folder, in memory and, where it is worth it, in a file beside them."""

    def __init__(self, store: Path, clock: Clock = time.time_ns, worth: float = WORTH) -> None:
        self._store, self._clock, self._worth = store, clock, worth
        self._place = str(store)  # a Path is slow to be put into a text
        self._runs: dict[str, tuple[int, Run]] = {}
        self._numbers: dict[tuple[str, str], dict[str, tuple[int, Number]]] = {}
        self._sharing = Sharing()
        self._loaded = False
        self._spent = 0.0  # seconds of reading what is not in the file yet

    def run(self, name: str, read: Callable[[str], tuple[Run | None, bool]]) -> Run | None:
        """The run of a folder, as `read` tells it by the folder's name, with whether it is sure of that."""
        self._load()
        now, seen = self._clock(), of_record(f"{self._place}/{name}")
        kept = self._runs.get(name)
        if kept and kept[0] == mark(seen):
            return kept[1]
        began = time.perf_counter()
        found, sure = read(name)
        if found and sure and is_settled(seen, now) and _is_final(found):
            found = self._sharing.run(found)
            self._runs[name] = mark(seen), found
            self._spent += time.perf_counter() - began
        else:
            self._runs.pop(name, None)
        return found

    def numbers(
        self, runs: Iterable[Run], metric: str, reduction: str, read: Callable[[Run], tuple[Number, bool]]
    ) -> Iterator[tuple[Run, Number]]:
        """One metric of each run, as `read` tells it, with whether it is sure of that."""
        self._load()
        known = self._numbers.setdefault((metric, reduction), {})
        for run in runs:
            yield run, read(run)[0] if run.status in _ALIVE else self._number(run, known, read)

    def _number(
        self, run: Run, known: dict[str, tuple[int, Number]], read: Callable[[Run], tuple[Number, bool]]
    ) -> Number:
        name = str(run.id)
        now, seen = self._clock(), of_points(f"{self._place}/{name}")
        kept = known.get(name)
        if kept and kept[0] == mark(seen):
            return kept[1]
        began = time.perf_counter()
        found, sure = read(run)
        if sure and is_settled(seen, now):
            known[name] = mark(seen), found
            self._spent += time.perf_counter() - began
        else:
            known.pop(name, None)
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
        rows = [["run", name, seen, packed(run, parts)] for name, (seen, run) in self._runs.items()]
        numbers = [
            ["numbers", metric, reduction, [[name, seen, *number] for name, (seen, number) in known.items()]]
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
            name, seen, row = told
            runs[name] = seen, sharing.run(unpacked(name, row, parts))
        else:
            metric, reduction, rows = told
            numbers[metric, reduction] = {name: (seen, (number, step)) for name, seen, number, step in rows}
    return runs, numbers


def _is_final(run: Run) -> bool:
    """Whether nothing but its files can change what the run is; a heart that never beat may be unreadable."""
    ended = run.status not in _ALIVE and run.stopped is not None and run.heartbeat is not None
    return ended and not run.fault and is_packable(run)
