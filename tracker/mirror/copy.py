"""The copy of one run's folder in a database, brought forward by writes that can be repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from tracker.errors import StoreError
from tracker.journal.cuts import Span, lost_spans
from tracker.journal.heartbeat import last_beat
from tracker.journal.identity import run_uuid
from tracker.journal.layout import CONFIG, INFO, JOURNAL, METRICS, POINTS, RUN
from tracker.journal.parts import part_count
from tracker.journal.reader import Record, read_record
from tracker.mirror.document import document_of, heartbeat_of
from tracker.mirror.files import FilesCopy
from tracker.mirror.metrics import MetricsCopy
from tracker.mirror.output import is_short, output_size, shortened
from tracker.mirror.run_document import GOING, RunDocument, VanishedError
from tracker.mirror.run_files import RunFiles
from tracker.mirror.twins import is_recorded_there

BEAT = 5.0  # seconds between two heartbeats that are copied, and between two copies of the output
DEAD_AFTER = timedelta(seconds=120)  # without a heartbeat: the output will not grow any more

_HARMLESS = (INFO, METRICS)  # files of stock Sacred without which a run still is who it is


class Copy:
    """How far the copy of one run has come; every attempt goes on where the last one failed."""

    def __init__(self, folder: Path, database: Database[Any], files: FilesCopy | None = None) -> None:
        self.folder = folder
        self._database = database
        self._record: Record | None = None
        self._seen = -1  # bytes of the journal when the record was read
        self._files = FilesCopy(database, known=files.known if files else set())
        self._reset()

    def _reset(self) -> None:
        self._run: RunDocument | None = None
        self._metrics: MetricsCopy | None = None
        self._told = -1  # bytes of the journal that the server has been told of
        self._late = 0.0
        self._elsewhere: bool | None = None  # another way than ours brought the run there; not known yet

    @property
    def id(self) -> int:
        """The run's number in the database, 0 before it has one."""
        return self._run.id if self._run else 0

    @property
    def writes(self) -> int:
        """Documents that were new or changed; none when a copy was complete already."""
        parts = (self._files, self._run, self._metrics)
        return sum(part.writes for part in parts if part)

    def advance(self, *, whole: bool = False) -> None:
        """Copies what is new; `whole` leaves nothing for later. Raises PyMongoError, StoreError."""
        try:
            self._advance(whole)
        except VanishedError:  # somebody has deleted the run: what the folder holds goes there again
            self._reset()
            self._advance(whole)

    def _advance(self, whole: bool) -> None:
        seen = _events_seen(self.folder)
        if self._record is None or seen != self._seen:
            self._record, self._seen = _readable(self.folder), seen
        self._begin(self._record)
        if self._run is None or self._metrics is None:
            return
        lost = _lost(self._record)
        if lost != self._metrics.lost:  # the run went on after points that do not count any more
            self._metrics = MetricsCopy(self._database, self._run.uuid, self._run.id, lost=lost)
        if self._is_complete(self._run, self._record):
            return
        whole = whole or self._record.document.get("status") not in GOING
        self._metrics.advance(self._record, whole=whole)
        self._run.link(self._metrics.links, len(lost))
        self._copy_signs_of_life(self._run, whole)
        if self._told != self._seen and not self._is_told(self._run, self._record):
            self._run.update(self._document(self._record, self._run, self._metrics), self._seen)
        self._told = self._seen

    def _is_complete(self, run: RunDocument, record: Record) -> bool:
        """Whether an earlier copy has told of the end, which it does after everything else.

        Also where the server knows of a later part of the run, whose folder this is a copy of.
        """
        status, parts = record.document.get("status"), part_count(_facts(record))
        same = run.status == status and run.parts == parts
        return run.parts > parts or (status not in GOING and same and run.events >= self._seen)

    def _is_told(self, run: RunDocument, record: Record) -> bool:
        """Whether an earlier copy came as far; no file needs to be read then."""
        died_since = self._is_output_due(record) and record.document.get("status") in GOING
        return run.events == self._seen and not died_since

    def _is_output_due(self, record: Record) -> bool:
        """Whether the whole output is copied as a file: when it is long and will not grow any more."""
        return _is_over(record) and not is_short(output_size(self.folder))

    def _begin(self, record: Record) -> None:
        """Every answer of the server is remembered, so that the next attempt asks for what is missing."""
        if self._elsewhere is None:
            uuid = run_uuid({**record.document, "_id": record.id})
            self._elsewhere = is_recorded_there(self._database, uuid, record.document)
            self._run = None if self._elsewhere else RunDocument(self._database, uuid)
        if self._run is not None and not self._run.has_begun:
            document = document_of(record.document, self._run.uuid, {}, [])
            self._run.begin(record.id, document, heartbeat_of(record.document))
            self._metrics = MetricsCopy(self._database, self._run.uuid, self._run.id, self._run.is_new)

    def _copy_signs_of_life(self, run: RunDocument, whole: bool) -> None:
        if not whole and time.monotonic() - self._late < BEAT:
            return
        run.beat(self._heartbeat())
        size = output_size(self.folder)
        run.show_output(shortened(self.folder), size)
        self._late = time.monotonic()

    def _heartbeat(self) -> datetime | None:
        document = self._record.document if self._record else {}
        beat = last_beat(self.folder) if self._record and self._record.journaled else None
        return heartbeat_of({**document, "heartbeat": beat} if beat else document)

    def _document(self, record: Record, run: RunDocument, metrics: MetricsCopy) -> dict[str, Any]:
        files = RunFiles(record, run.id, self._files, [record.fault] if record.fault else [])
        artifacts = files.artifacts(with_output=self._is_output_due(record))
        sources, resources = files.sources(), files.resources()
        facts = {"not_finite": metrics.not_finite.fact()} if metrics.not_finite.counts else {}
        document = document_of(record.document, run.uuid, facts, files.left_out)
        document["experiment"]["sources"] = sources
        return document | {"artifacts": artifacts, "resources": resources}


def _readable(folder: Path) -> Record:
    record = read_record(folder)
    if record is None:
        raise StoreError(f"{folder} holds no run, or one that just begins: `tracker doctor` tells which.")
    harmless = all(fault.startswith(_HARMLESS) for fault in record.fault.split("; ") if fault)
    if not harmless:
        raise StoreError(f"{folder}: {record.fault}.")
    return record


def _lost(record: Record) -> tuple[Span, ...]:
    """The stretches of points that do not count; none in a run of one part."""
    if not record.journaled or not part_count(_facts(record)) or not (record.folder / POINTS).exists():
        return ()
    return lost_spans(record.folder / POINTS)


def _facts(record: Record) -> Mapping[str, Any]:
    info = record.document.get("info")
    facts = info.get("tracker") if isinstance(info, Mapping) else None
    return facts if isinstance(facts, Mapping) else {}


def _events_seen(folder: Path) -> int:
    """A number that grows whenever the folder tells more: the journal's size, else when it was written."""
    try:
        return (folder / JOURNAL).stat().st_size
    except OSError:
        pass
    files = (folder / name for name in (RUN, CONFIG, INFO, METRICS))
    return max((int(file.stat().st_mtime * 1000) for file in files if file.exists()), default=0)


def _is_over(record: Record) -> bool:
    heartbeat = heartbeat_of(record.document)
    dead = heartbeat is None or datetime.now(UTC) - heartbeat > DEAD_AFTER
    return dead or record.document.get("status") not in GOING
