"""The metrics of a run's folder, copied to MongoDB as far as they have grown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pymongo.database import Database

from tracker.journal.cuts import Span
from tracker.journal.layout import POINTS as POINTS_FILE
from tracker.journal.moments import microseconds
from tracker.journal.not_finite import NotFinite
from tracker.journal.points import Batch
from tracker.journal.reader import Record, metric_names, new_points, read_points
from tracker.mirror.put import put, remove
from tracker.mirror.track import Track
from tracker.stores.collections import CUTS, POINTS

GROWTH = 0.1  # of a metric, after which its document is written again ..
PAUSE = 10.0  # .. or so many seconds later, so that a long metric is not sent again and again


@dataclass(slots=True)
class MetricsCopy:
    """How far the copy of one run's metrics has come; every attempt goes on where the last one failed."""

    database: Database[Any]
    uuid: str
    run_id: int
    is_new: bool = False  # the server knows nothing of them
    lost: tuple[
        Span, ...
    ] = ()  # points that do not count any more, one stretch for each time the run went on
    writes: int = 0  # documents that were new or had grown
    not_finite: NotFinite = field(default_factory=NotFinite)  # what stock Sacred recorded of that kind
    _tracks: dict[str, Track] = field(default_factory=dict)
    _offset: int = 0  # bytes of the journaled points that are read
    _full: list[dict[str, Any]] = field(default_factory=list)  # chunks that are not written yet
    # cuts and points in the documents that the server has, and which of its collections they are in
    _known: dict[Any, tuple[int, int]] = field(default_factory=dict)
    _places: dict[Any, str] = field(default_factory=dict)
    _when: dict[str, float] = field(default_factory=dict)  # a metric was written
    _to_look: list[tuple[str, dict[str, Any]]] | None = None  # what the server was not asked yet

    @property
    def links(self) -> list[dict[str, Any]]:
        """The metrics whose documents stand in the database, in the order in which they began."""
        return [track.link for track in self._tracks.values() if track.id in self._known]

    def advance(self, record: Record, *, whole: bool) -> None:
        """Copies what is new; `whole` leaves nothing for later. Raises PyMongoError, StoreError."""
        self._look()
        self._write_full()
        for batches in self._new(record):
            for batch in batches:
                track = self._tracks.setdefault(batch.name, Track(self.uuid, batch.name, len(self.lost)))
                self._full.extend(track.add(batch))
            self._write_full()
        for track in self._tracks.values():
            if self._is_due(track, whole):
                self._write_open(track)
        self._remove_lost()

    def _new(self, record: Record) -> Iterator[list[Batch]]:
        if not record.journaled or not (record.folder / POINTS_FILE).exists():
            yield from self._stock(record)
            return
        before = -1
        while before < self._offset:
            before = self._offset
            batches, self._offset = new_points(record.folder, self._offset, lost=self.lost)
            yield batches

    def _stock(self, record: Record) -> Iterator[list[Batch]]:
        """The points of a file that is written anew each time; those that are not finite are counted."""
        begun = record.document.get("start_time")
        start = microseconds(begun) if isinstance(begun, datetime) else 0
        self.not_finite = NotFinite()
        for name in metric_names(record.folder):
            points = read_points(record.folder, name)
            times = points.times or [start] * len(points.values)
            batch = self.not_finite.without(Batch(name, points.steps, points.values, times))
            done = self._tracks[name].count if name in self._tracks else 0
            if len(batch.values) > done:
                yield [Batch(name, batch.steps[done:], batch.values[done:], batch.times[done:])]

    def _look(self) -> None:
        """Learns what is there, so that a repeated copy writes nothing."""
        if self._to_look is None:
            self._to_look = []
            if not self.is_new:
                self._to_look += [("metrics", {"run_id": self.run_id}), (POINTS, {"run": self.uuid})]
        while self._to_look:
            collection, ours = self._to_look[-1]
            for known in list(self.database[collection].find(ours, {"count": 1, CUTS: 1})):
                self._known[known["_id"]] = known.get(CUTS, 0), known.get("count", 0)
                self._places[known["_id"]] = collection
            self._to_look.pop()

    def _is_due(self, track: Track, whole: bool) -> bool:
        cuts, count = self._known.get(track.id, (track.cuts, 0))
        if cuts < track.cuts:  # what stands there holds points that do not count
            return True
        new = track.count - count
        late = time.monotonic() - self._when.get(track.name, 0.0) > PAUSE
        return new > 0 and (whole or late or new >= GROWTH * track.count)

    def _write_full(self) -> None:
        while self._full:
            self._put(POINTS, self._full[0])
            self._full.pop(0)

    def _write_open(self, track: Track) -> None:
        document, chunk = track.documents(self.run_id)
        if chunk is not None:
            self._put(POINTS, chunk)
        self._put("metrics", document)
        self._when[track.name] = time.monotonic()

    def _put(self, collection: str, document: dict[str, Any]) -> None:
        id, state = document["_id"], (document.get(CUTS, 0), document["count"])
        if self._known.get(id, (-1, -1)) < state:
            self.writes += put(self.database[collection], document, is_new=id not in self._known)
            self._known[id] = state

    def _remove_lost(self) -> None:
        """Documents of which no point counts any more."""
        if not self.lost:
            return
        kept = {id for track in self._tracks.values() for id in track.ids}
        for id in [id for id, (cuts, _) in self._known.items() if cuts < len(self.lost) and id not in kept]:
            self.writes += remove(self.database[self._places[id]], id, len(self.lost))
            del self._known[id]
