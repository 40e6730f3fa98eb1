"""What a server told of runs that have ended, so that who stays asks it only for what is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tracker.run import Run
from tracker.stores.record import run_id

WHOLE_AGAIN = 60.0  # seconds after which all is asked again: somebody may have edited a run that has ended

_TIMES = ("status", "heartbeat", "stop_time")
HEAD = {**dict.fromkeys(_TIMES, 1), "facts": "$info.tracker"}  # another after every write of an observer

_ALIVE = ("RUNNING", "QUEUED")

Document = Mapping[str, Any]
Fetch = Callable[[Sequence[Any] | None], Iterable[tuple[Document, Run]]]  # some by raw id, or all
Numbers = dict[int | str, float | None]


class Recent:
    """The runs and numbers of the last minute; a run that is the same stays the same object."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked_at = -float("inf")
        self._runs: dict[int | str, tuple[Document, Run]] = {}
        self._numbers: dict[tuple[str, str], dict[int | str, tuple[Run, float | None]]] = {}

    def runs(self, heads: Callable[[], Iterable[Document]], fetch: Fetch) -> list[Run]:
        """All runs; only those are fetched whose heads are others, or that have not ended."""
        if self._clock() - self._asked_at > WHOLE_AGAIN:
            self._asked_at, self._numbers = self._clock(), {}
            self._take(fetch(None), keep=())
        else:
            found = list(heads())
            same = {run_id(head) for head in found if self._is_same(head)}
            others = [head["_id"] for head in found if run_id(head) not in same]
            self._take(fetch(others) if others else (), keep=same)
        return [run for _, run in self._runs.values()]

    def numbers(
        self, runs: Mapping[int | str, Run], asked: tuple[str, str], fetch: Callable[[list[Run]], Numbers]
    ) -> Numbers:
        """A number for each run, None where it has none; `fetch` gives those that are not known yet."""
        known = self._numbers.setdefault(asked, {})
        new = [run for id, run in runs.items() if known.get(id, (None,))[0] is not run]
        fetched = fetch(new) if new else {}
        for run in new:
            if run.status not in _ALIVE and run is self._runs.get(run.id, (None, None))[1]:
                known[run.id] = run, fetched.get(run.id)
        return {id: fetched[id] if id in fetched else known.get(id, (None, None))[1] for id in runs}

    def _take(self, fetched: Iterable[tuple[Document, Run]], keep: Iterable[int | str]) -> None:
        runs = {id: self._runs[id] for id in keep}
        for document, run in fetched:
            _, before = self._runs.get(run.id, (None, None))
            runs[run.id] = _head(document), before if before == run else run
            for known in self._numbers.values():
                known.pop(run.id, None)
        self._runs = runs

    def _is_same(self, head: Document) -> bool:
        before = self._runs.get(run_id(head), (None,))[0]
        ended = head.get("status") not in _ALIVE and head.get("stop_time") is not None
        return ended and before == {name: head.get(name) for name in HEAD}


def _head(document: Document) -> Document:
    """What the server makes of HEAD."""
    info = document.get("info")
    facts = info.get("tracker") if isinstance(info, Mapping) else None
    return {name: document.get(name) for name in _TIMES} | {"facts": facts}
