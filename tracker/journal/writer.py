"""The journal of one run while it goes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.appended import AppendedFiles
from tracker.journal.begin import begin
from tracker.journal.events import Told, event_line
from tracker.journal.heartbeat import beat
from tracker.journal.keep import Kept, keep_artifact, keep_content
from tracker.journal.layout import RESOURCES, SOURCES
from tracker.journal.not_finite import FACT, NotFinite
from tracker.journal.plain import Warn, clean, log_warning, plain
from tracker.journal.points import Batch, line
from tracker.journal.sacred_files import write_sacred_files

PATIENCE = 10.0  # seconds that the end of a run waits for a disk to have room again
MOST_LEFT_OUT = 100  # messages about values that could not be recorded


class RunJournal:
    """What a run tells is queued, then flushed to its folder; nothing that was queued is lost by an error.

    Any thread may tell. A value that cannot be recorded costs itself: it is warned of and kept as a text in
    the fact `left_out`. What goes wrong with the disk stands in `trouble` until it is over.
    """

    def __init__(self, folder: Path, id: int, uuid: str, *, warn: Warn = log_warning) -> None:
        self.folder, self.id, self.uuid = folder, id, uuid
        self.store = folder.parent
        self._lock = threading.RLock()
        self._keeping = threading.RLock()  # apart, as a large artifact must not hold up a flush
        self._files = AppendedFiles(folder)
        self._warn, self._left_out = warn, dict[str, None]()
        self._info, self._facts = Told(), Told()
        self._not_finite = NotFinite()
        self._open_line: list[str] = []  # what was printed after the last newline
        self._sources, self._artifacts = dict[str, str](), dict[str, str]()
        self._elsewhere = ""  # trouble with other files than these

    @classmethod
    def start(
        cls,
        store: Path,
        record: Mapping[str, Any],
        *,
        now: datetime,
        wanted: int | None = None,
        at_least: int = 0,
        event: str = "started",
        uuid: str | None = None,
        warn: Warn = log_warning,
    ) -> RunJournal:
        """A new run in the store, whose record is on disk when this returns. Raises StoreError."""
        left_out: list[str] = []
        begun = begin(store, plain(record, left_out.append), now, wanted, at_least, event, uuid)
        journal = cls(*begun, warn=warn)
        for message in left_out:
            journal.leave_out(message)
        return journal

    @property
    def trouble(self) -> str:
        """What cannot be written at present, or ""."""
        return self._files.trouble or self._elsewhere

    def add_points(
        self, name: str, steps: Sequence[float], values: Sequence[float], times: Sequence[int]
    ) -> None:
        """Queues points of a metric; those that are not finite are counted in place of that."""
        name = clean(str(name))
        with self._lock:
            counted = self._not_finite.total(name)
            batch = self._not_finite.without(Batch(name, steps, values, times))
            if batch.steps:
                self._files.points.write(line(batch))
            if self._not_finite.total(name) > counted:
                self.note_facts({FACT: self._not_finite.fact()})

    def add_output(self, text: str) -> None:
        """Queues the lines of any text; one that has no end yet waits for it, or for the end of the run."""
        whole, newline, rest = text.rpartition("\n")
        with self._lock:
            if newline:
                self._queue_output("".join([*self._open_line, whole, newline]))
                self._open_line.clear()
            if rest:
                self._open_line.append(rest)

    def note_info(self, info: Mapping[str, Any]) -> None:
        """Queues what has changed in the run's `info` since it was last noted."""
        with self._lock:
            now = plain(info, self.leave_out, "info")
            if isinstance(now, dict) and (change := self._info.changes(now, whole=True)).any:
                self._queue_event("info", set=change.set, removed=change.removed)

    def note_facts(self, facts: Mapping[str, Any]) -> None:
        """Queues what has changed among the tracker's own facts of the run; the others stay."""
        with self._lock:
            now = plain(facts, self.leave_out, "info.tracker")
            if isinstance(now, dict) and (change := self._facts.changes(now, whole=False)).any:
                self._queue_event("facts", set=change.set)

    def note_sources(self, files: Iterable[tuple[str, Path]]) -> None:
        """Keeps source files, as (name in the record, file), beside those that were noted before."""
        found = {clean(name): self._kept_source(name, path) for name, path in files}
        with self._lock:
            self._sources |= {name: kept for name, kept in found.items() if kept}
            self._queue_event("sources", sources=sorted(map(list, self._sources.items())))

    def add_artifact(
        self,
        name: str,
        source: Path,
        content_type: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        """Keeps a copy of a file of the run's making, in place of an earlier one of this name.

        Raises StoreError where it cannot be copied, which costs this artifact alone.
        """
        name = clean(name)
        with self._keeping:
            others = {file for other, file in self._artifacts.items() if other != name}
            kept = self._copied(f"Artifact {name!r}", keep_artifact, self.folder, name, source, others)
            self._artifacts[name] = kept.file
            told = plain({"content_type": content_type, "metadata": metadata}, self.leave_out, name)
            with self._lock:
                self._queue_event("artifact", name=name, **asdict(kept), **told)

    def add_resource(self, path: Path) -> None:
        """Keeps a copy of a file that the run reads. Raises StoreError where it cannot be copied."""
        kept = self._copied(f"Resource '{path}'", keep_content, self.store / RESOURCES, path)
        file = f"{RESOURCES}/{kept.file}"
        with self._lock:
            self._queue_event("resource", path=clean(str(path)), file=file, sha256=kept.sha256)

    def beat(self, now: datetime) -> None:
        """Writes that the run is alive."""
        self._elsewhere = beat(self.folder, now)

    def flush(self) -> None:
        """Hands everything queued to the system, as far as it takes it."""
        with self._lock:
            self._files.flush()

    def settle(self, step: float) -> None:
        """Brings to disk what was told until now; a state that is saved at `step` goes on from here."""
        with self._lock:
            self.flush()
            self._queue_event("settled", step=step, points=self._files.points.end)
            self._files.flush()
            self._files.sync()

    def end(
        self,
        status: str,
        now: datetime,
        *,
        result: Any = None,
        fail_trace: Sequence[str] | None = None,
        elapsed: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        """Writes the end of the run, waits until the disk has it, then writes Sacred's files.

        Raises StoreError where there is no room for that within `patience` seconds: it tells where the rest
        has been put.
        """
        with self._lock:
            self._queue_output("".join(self._open_line))
            self._open_line.clear()
            told = {"status": status, "result": result, "fail_trace": fail_trace, "elapsed": elapsed}
            told = plain(told, self.leave_out)
            deadline = time.monotonic() + patience
            self._files.flush_until(deadline)
            self._files.points.sync()
            self._files.output.sync()
            self._queue_event("ended", now, **told)
            self.beat(now)
            self._files.flush_until(deadline)
            self._files.journal.sync()
            self._files.close(self.uuid)
            self._make_sacred_files()

    def _make_sacred_files(self) -> None:
        try:
            write_sacred_files(self.folder)
        except OSError as error:  # the journal holds it all, so that they can be made later
            self._elsewhere = f"Sacred's files of run {self.id} cannot be written ({error.strerror})"

    def _queue_event(self, event: str, now: datetime | None = None, **fields: Any) -> None:
        self._files.journal.write(event_line(event, now or datetime.now(UTC), **fields))

    def _queue_output(self, text: str) -> None:
        self._files.output.write(text.encode("utf-8", "replace"))

    def leave_out(self, message: str) -> None:
        """Warns once of a value that could not be recorded; the record tells of the first ones."""
        with self._lock:
            if message in self._left_out or len(self._left_out) >= MOST_LEFT_OUT:
                return
            self._left_out[message] = None
            self._warn(message)
            self.note_facts({"left_out": list(self._left_out)})

    def _copied(self, what: str, keep: Callable[..., Kept], *arguments: Any) -> Kept:
        try:
            return keep(*arguments)
        except OSError as error:
            raise StoreError(
                f"{what} of run {self.id} cannot be kept ({error.strerror}: {error.filename}): "
                "give a file that is there, and see that the disk has room."
            ) from error

    def _kept_source(self, name: str, path: Path) -> str:
        try:
            return f"{SOURCES}/{keep_content(self.store / SOURCES, path).file}"
        except OSError as error:
            self.leave_out(f"source {name} is not kept ({error.strerror})")
            return ""
