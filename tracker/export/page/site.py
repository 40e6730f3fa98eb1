"""The page of a question file and a store, built anew when either has changed."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tracker.errors import TrackerError
from tracker.export.page.recordings import Recordings
from tracker.export.page.render import page_text
from tracker.findings.following import Following
from tracker.findings.seals import seals_path
from tracker.run import Run
from tracker.stores.base import Store

REST = 2.0  # seconds at least between two looks at the store
SHARE = 5.0  # a look that took long is followed by so many times as long a rest


@dataclass(frozen=True, slots=True)
class Edition:
    """The page as it was last built; `trouble` says why it could not be built again."""

    version: str
    text: str
    trouble: str = ""


class Site:
    """Keeps the newest edition; however many ask, one at a time looks at the store."""

    def __init__(
        self,
        questions: Path,
        store: Store,
        omniboard_url: str = "",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._questions, self._store, self._omniboard = questions, store, omniboard_url
        self._clock, self._now = clock, now
        self._recordings = Recordings(store)
        self._following = Following(questions, store)
        self._lock = threading.Lock()
        self._edition: Edition | None = None
        self._next_look = -float("inf")

    def edition(self) -> Edition:
        """The newest edition; raises TrackerError only where there is none yet."""
        ready = self._edition
        if not self._lock.acquire(blocking=ready is None):
            assert ready is not None
            return ready  # somebody is looking already
        try:
            return self._looked()
        finally:
            self._lock.release()

    def _looked(self) -> Edition:
        began = self._clock()
        if self._edition is None or began >= self._next_look:
            self._edition = self._renewed(self._edition)
            self._next_look = self._clock() + max(REST, SHARE * (self._clock() - began))
        return self._edition

    def _renewed(self, before: Edition | None) -> Edition:
        now = self._now()
        try:
            runs = list(self._store.runs())
            version = _version(self._questions, runs, now)
            if before and before.version == version:
                return replace(before, trouble="")
            return Edition(version, self._built(runs, now, version))
        except TrackerError as error:
            if before is None:
                raise
            return replace(before, trouble=str(error))

    def _built(self, runs: Sequence[Run], now: datetime, version: str) -> str:
        questions, known = self._following.look(now, runs)
        return page_text(
            known,
            self._recordings,
            self._store.address,
            project=questions.project,
            about=questions.about,
            omniboard_url=self._omniboard,
            version=version,
        )


def _version(questions: Path, runs: Sequence[Run], now: datetime) -> str:
    """A text that is another when the questions, a run, or what a run counts as at this moment is another."""
    seen = hashlib.sha256()
    for path in (questions, seals_path(questions)):
        with contextlib.suppress(OSError):  # loading it will say what is wrong
            seen.update(path.read_bytes())
    for run in runs:
        told = (run.id, run.status, run.state(now), run.heartbeat, run.stopped, run.fault)
        seen.update(repr(told).encode("utf-8", "backslashreplace"))
    return seen.hexdigest()[:16]
