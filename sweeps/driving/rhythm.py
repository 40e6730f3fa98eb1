"""When a sweep looks at its questions and its store again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from tracker.errors import TrackerError

PAUSE = 1.0  # seconds between two plans that an end gives reason for, while other runs go
STALE = 10.0  # seconds after which a plan is made anew without a reason
RETRY = 2.0  # seconds between two plans when there is nothing to do, or a plan could not be made
CALM = 20  # planning takes at most one part in so many of the processor's time
LONGEST = 15.0  # seconds that a plan is put off for that
GIVES_UP = 600.0  # seconds that no plan can be made, with nothing under way, before the sweep ends


class Rhythm:
    """Often enough to start what has become free, seldom enough to leave the processor to the runs."""

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._cost = 0.0  # processor seconds that a plan takes
        self._trouble_since: float | None = None  # no plan could be made since then

    @property
    def in_trouble(self) -> bool:
        """Whether the last plan could not be made."""
        return self._trouble_since is not None

    def is_due(self, going: bool, waiting: bool, changed: bool) -> bool:
        """Whether to plan again, where runs go, others wait, or something has changed since the last plan."""
        age, calm = time.monotonic() - self._looked, min(CALM * self._cost, LONGEST)
        if self.in_trouble or not (going or waiting or changed):
            return age >= max(RETRY, calm)
        if changed and not waiting:
            return age >= max(PAUSE, calm) if going else True
        return age >= max(STALE, calm)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Around a plan that is made."""
        begun = time.process_time()
        try:
            yield
        finally:
            self._looked = time.monotonic()
            self._cost = time.process_time() - begun

    def succeeded(self) -> None:
        """A plan was made."""
        self._trouble_since = None

    def failed(self, error: TrackerError, going: bool) -> bool:
        """A plan could not be made: whether that is news. Raises the error where it goes on for too long."""
        now = time.monotonic()
        news = self._trouble_since is None
        self._trouble_since = now if self._trouble_since is None else self._trouble_since
        if not going and now - self._trouble_since > GIVES_UP:
            raise error
        return news
