"""What is new of a run that Slurm has: its own notes count first, then what Slurm says of its job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sweeps.engines.base import Event
from sweeps.engines.slurm_ledger import Placed
from sweeps.engines.slurm_notes import ENDED, STARTED, STOPPED, Note
from sweeps.engines.slurm_queue import Standing
from sweeps.engines.slurm_verdict import is_sure, verdict
from sweeps.exit_codes import CANNOT_START, KILLED
from sweeps.exit_codes import STOPPED as STOPPED_CODE


@dataclass(frozen=True)
class Heard:
    """What there is to hear of one run."""

    note: Note | None
    stand: Standing | None
    looked: float  # when Slurm was asked how its jobs stand
    cancelled: bool  # whether the sweep wants its end


@dataclass
class Live:
    """A run that Slurm has and that is not over."""

    key: str
    placed: Placed
    folder: Path  # what submitit and the jobs keep
    told: str = ""  # the kind of the last event
    stamp: str = ""  # of the start that was told
    since: float | None = None  # when its job was first seen to be over
    began: float = 0.0  # when its start was told

    def queued(self) -> Event:
        """It waits in Slurm's queue."""
        return self._told("queued", f"job {self.placed.job}")

    def hear(self, heard: Heard) -> Iterator[Event]:
        """What is new."""
        note, stand = heard.note, heard.stand
        if note is not None and note.kind == ENDED:
            yield self._told("ended", note.where, note.exit_code, note.seconds)
            return
        if note is not None and note.kind == STARTED and note.stamp != self.stamp:
            self.stamp, self.began = note.stamp, time.monotonic()
            yield self._told("started", note.where)
        if stand is None:
            return
        if stand.waits and self.told != "queued" and heard.looked > self.began:
            yield self.queued()
        if not stand.over:
            self.since = None
            return
        self.since = self.since or time.monotonic()
        if note is not None and note.kind == STOPPED:
            yield self._told("ended", note.where, note.exit_code, note.seconds)
        elif is_sure(note, stand, self.since):
            yield self._concluded(note, stand, heard.cancelled)

    def _concluded(self, note: Note | None, stand: Standing, cancelled: bool) -> Event:
        """The job is over and its run did not say how it ended: Slurm's word counts."""
        where = note.where if note else f"job {self.placed.job}{f' on {stand.node}' if stand.node else ''}"
        code, words = verdict(stand, note is not None, self.folder, self.placed)
        if cancelled and code in (None, KILLED, CANNOT_START, STOPPED_CODE):
            code, words = STOPPED_CODE, ""  # it was asked before it could hear it
        if words:
            _say(Path(self.placed.log), f"{where}: {words}")
        seconds = time.monotonic() - self.began if self.began else 0.0
        return self._told("lost" if code is None else "ended", where, code, seconds)

    def _told(self, kind: str, where: str, exit_code: int | None = None, seconds: float = 0.0) -> Event:
        self.told = kind
        return Event(self.key, kind, exit_code, seconds, where)


def _say(log: Path, words: str) -> None:
    with suppress(OSError):  # the event says it, too
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as output:
            output.write(f"{words}\n")
