"""The files that a run is told into while it goes."""

from __future__ import annotations

import time
from pathlib import Path

from tracker.journal.append import AppendFile
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS
from tracker.journal.rescue import rescue

PAUSE = 0.1  # seconds between two attempts


class AppendedFiles:
    """Events, points and output; what an event tells of comes to disk before it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.journal, self.points, self.output = (
            AppendFile(folder / name) for name in (JOURNAL, POINTS, OUTPUT)
        )
        self._all = (self.points, self.output, self.journal)

    @property
    def trouble(self) -> str:
        """What cannot be written at present, or ""."""
        return next((file.trouble for file in (self.journal, *self._all) if file.trouble), "")

    def flush(self) -> None:
        """Hands everything queued to the system, as far as it takes it."""
        for file in self._all:
            file.flush()

    def flush_until(self, deadline: float) -> None:
        """The same until it has taken everything, or the monotonic clock has reached the deadline."""
        self.flush()
        while any(file.waiting for file in self._all) and time.monotonic() < deadline:
            time.sleep(PAUSE)
            self.flush()

    def sync(self) -> None:
        """Waits until the disk has what was flushed."""
        for file in self._all:
            file.sync()

    def close(self, uuid: str) -> None:
        """Gives the files back; raises StoreError, which tells where what was not written has been put."""
        lost = rescue((self.journal, self.points, self.output), self._folder, uuid)
        for file in self._all:
            file.forget()
            file.close()
        if lost:
            raise lost
