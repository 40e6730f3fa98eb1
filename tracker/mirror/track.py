"""One metric on its way to MongoDB, as the documents that it becomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from bson import ObjectId

from tracker.journal.moments import from_microseconds
from tracker.journal.points import Batch, Number
from tracker.mirror.thinning import Thinning
from tracker.stores.collections import CUTS, THINNED

CHUNK = 10_000  # points: 430 KB of BSON, far below the 16 MB that a document may have

Document = dict[str, Any]


@dataclass(slots=True)
class Track:
    """All that is remembered of a metric's points; chunks that are full are handed out once."""

    uuid: str
    name: str
    cuts: int = 0  # how often points of the run were taken out before
    _steps: list[Number] = field(default_factory=list)  # of the chunk that is not full yet
    _values: list[float] = field(default_factory=list)
    _times: list[int] = field(default_factory=list)
    _full: int = 0  # chunks
    _thinning: Thinning = field(default_factory=Thinning)

    @property
    def id(self) -> ObjectId:
        """The same for this metric of this run, whoever writes it."""
        return ObjectId(sha256(f"{self.uuid}\0{self.name}".encode(errors="replace")).digest()[:12])

    @property
    def count(self) -> int:
        """Points so far."""
        return self._thinning.count

    @property
    def link(self) -> Document:
        """How the run's document names the metric, for Omniboard."""
        return {"name": self.name, "id": str(self.id)}

    def add(self, batch: Batch) -> Iterator[Document]:
        """Takes more points; gives the chunks that became full and are not the only one."""
        self._thinning.add(batch)
        begin, size = 0, len(batch.values)
        while begin < size:
            if len(self._values) == CHUNK:
                yield self._chunk()
                self._next_chunk()
            end = min(size, begin + CHUNK - len(self._values))
            self._steps.extend(batch.steps[begin:end])
            self._values.extend(batch.values[begin:end])
            self._times.extend(batch.times[begin:end])
            begin = end

    def documents(self, run_id: int) -> tuple[Document, Document | None]:
        """The document of `metrics`, with the chunk that is not full yet where the metric is a long one."""
        head = {"_id": self.id, "run_id": run_id, "name": self.name, **self._cut}
        if not self._full:
            return head | _points(self._steps, self._values, self._times), None
        drawn = _points(*self._thinning.kept()) | {"count": self.count, THINNED: True}
        return head | drawn, self._chunk()

    @property
    def ids(self) -> list[Any]:
        """All documents that the metric has become so far."""
        return [self.id, *map(self._chunk_id, range(self._full + 1 if self._full else 0))]

    @property
    def _cut(self) -> Document:
        return {CUTS: self.cuts} if self.cuts else {}

    def _chunk_id(self, number: int) -> str:
        return f"{self.uuid}/{self.name}/{number}"

    def _chunk(self) -> Document:
        head = {"_id": self._chunk_id(self._full), "run": self.uuid, "name": self.name, **self._cut}
        return head | {"chunk": self._full} | _points(self._steps, self._values, self._times)

    def _next_chunk(self) -> None:
        self._steps, self._values, self._times = [], [], []
        self._full += 1


def _points(steps: Sequence[Number], values: Sequence[float], times: Sequence[int]) -> Document:
    moments = [from_microseconds(time) for time in times]
    return {"steps": list(steps), "values": list(values), "timestamps": moments, "count": len(values)}
