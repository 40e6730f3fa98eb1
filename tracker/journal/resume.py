"""The journal of a run whose process was lost, or told to end, taken up by another one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.cuts import counted_lines, cut_line
from tracker.journal.document import document_from
from tracker.journal.events import events
from tracker.journal.heartbeat import last_beat
from tracker.journal.layout import JOURNAL, OUTPUT, POINTS
from tracker.journal.not_finite import FACT
from tracker.journal.plain import Warn, log_warning, plain
from tracker.journal.points import Number, batch_from
from tracker.journal.sacred_files import write_first_files
from tracker.journal.writer import RunJournal

_OF_POINTS = (FACT, "diverged")  # facts that what was logged has led to

Document = Mapping[str, Any]


class ResumedJournal(RunJournal):
    """Goes on in the folder of a run; nobody else may write there any more.

    What the lost process has told after the state was saved counts until `went_on` says which state that is.
    A run that logs points without a word on it has begun anew.
    """

    def __init__(self, folder: Path, id: int, uuid: str, *, warn: Warn = log_warning) -> None:
        super().__init__(folder, id, uuid, warn=warn)
        self._is_decided = False
        self._before = list(events((folder / JOURNAL).read_bytes()))
        self.part = 2 + sum(event.get("event") == "resumed" for event in self._before)
        document = document_from(self._before) or {}
        facts = document["info"]["tracker"]
        self._left_out |= dict.fromkeys(facts.get("left_out", ()))
        self._sources |= dict(document.get("experiment", {}).get("sources", ()))
        self._artifacts |= {told["name"]: told["file"] for told in document["artifacts"]}

    @classmethod
    def resume(
        cls, folder: Path, id: int, uuid: str, part: Mapping[str, Any], *, now: datetime, warn: Warn
    ) -> ResumedJournal:
        """The run, which says RUNNING again when this returns; `part` tells of the process that goes on.

        Raises StoreError where the folder cannot be read or written; the run is as it was then.
        """
        try:
            lost = min(_last_sign(folder) or now, now)
            journal = cls(folder, id, uuid, warn=warn)
            told = plain(part, journal.leave_out, "part")
            journal._queue_event("resumed", now, part=told, lost=lost.isoformat())
            journal.flush()
            journal._files.journal.sync()
            trouble = journal.trouble
        except OSError as error:
            trouble = f"{error.strerror}"
        if trouble:
            raise StoreError(
                f"Run {id} in {folder.parent} cannot go on ({trouble}): make room, then start again."
            )
        with suppress(OSError):  # the journal tells it all, and the end writes them again
            write_first_files(folder)
        journal.beat(now)
        return journal

    def went_on(self, step: Number | None) -> dict[str, Number]:
        """What was told after the state of this step was saved does not count; all of it for None.

        Returns the last step of each metric among what counts. Too late once points were logged.
        """
        with self._lock:
            if self._is_decided:
                self.leave_out(f"going on after step {step} was told too late: the run counts as begun anew")
                return {}
            self._is_decided = True
            count, place = self._settled(step)
            steps = _last_steps(self.folder / POINTS, place)
            self._files.points.write(cut_line(place))
            self._queue_event("went_on", after_step=step)
            self._put_back(document_from(self._before[:count]) or {}, document_from(self._before) or {})
            self._before.clear()
            return steps

    def add_points(self, *batch: Any) -> None:
        """As for any run; where nobody has said what it goes on after, it has begun anew."""
        with self._lock:
            self._decide()
            super().add_points(*batch)

    def settle(self, step: float) -> None:
        """As for any run."""
        with self._lock:
            self._decide()
            super().settle(step)

    def end(self, status: str, now: datetime, **told: Any) -> None:
        """As for any run; one that is complete without a word on what it went on after has begun anew."""
        with self._lock:
            if status == "COMPLETED":
                self._decide()
            super().end(status, now, **told)

    def _decide(self) -> None:
        if not self._is_decided:
            self.went_on(None)

    def _settled(self, step: Number | None) -> tuple[int, int]:
        """How many events, and how many bytes of points, were told when the state of the step was saved."""
        if step is None:
            return 1, 0
        for count in range(len(self._before), 0, -1):
            event = self._before[count - 1]
            if event.get("event") == "settled" and event.get("step") == step:
                return count, int(event["points"])
        self.leave_out(f"nothing was settled at step {step}: points are kept up to the first one after it")
        return len(self._before), _first_after(self.folder / POINTS, step, self._files.points.end)

    def _put_back(self, then: Document, now: Document) -> None:
        """Facts and info become what they were then, but for what this process has told already."""
        facts, had = (document["info"]["tracker"] for document in (then, now))
        back = {name: facts[name] for name in _OF_POINTS if name in facts and facts[name] != had.get(name)}
        gone = [name for name in _OF_POINTS if name in had and name not in facts]
        self._not_finite.counts |= {count["metric"]: dict(count) for count in facts.get(FACT, ())}
        if back or gone:
            self._queue_event("facts", set=back, removed=gone)
        kept = {"tracker", *self._info.texts}
        info, had = then["info"], now["info"]
        back = {name: info[name] for name in info if name not in kept and info[name] != had.get(name)}
        gone = [name for name in had if name not in kept and name not in info]
        if back or gone:
            self._queue_event("info", set=back, removed=gone)


def _last_sign(folder: Path) -> datetime | None:
    """When the process before was last seen alive: its heart beats seldom, it writes more often."""
    written = [_changed(folder / name) for name in (JOURNAL, POINTS, OUTPUT)]
    return max(filter(None, (last_beat(folder), *written)), default=None)


def _changed(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None


def _last_steps(points: Path, end: int) -> dict[str, Number]:
    """The last step of each metric, among the points that count and stand before a byte."""
    steps: dict[str, Number] = {}
    with suppress(OSError):  # a run that has logged nothing may have no such file
        for place, text in counted_lines(points):
            if place < end and (batch := batch_from(text, times=False)) is not None and batch.steps:
                steps[batch.name] = batch.steps[-1]
    return steps


def _first_after(points: Path, step: Number, end: int) -> int:
    """Where the first line begins that holds a later step; `end` where none does."""
    with suppress(OSError):
        for place, text in counted_lines(points):
            batch = batch_from(text, times=False)
            if batch is not None and any(found > step for found in batch.steps):
                return place
    return end
