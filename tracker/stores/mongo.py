"""Runs in a MongoDB, as Sacred's MongoObserver and the tracker's mirror write them."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import IO, Any

from tracker.address import masked
from tracker.journal.identity import recorded_uuid
from tracker.journal.moments import utc
from tracker.progress import LOOKED_AT, progress
from tracker.run import Run, Series
from tracker.stores.artifacts import lost, place_of, places
from tracker.stores.base import id_from, id_order, unknown_run
from tracker.stores.collections import MIRRORS, POINTS, THINNED
from tracker.stores.connection import asking, database_at
from tracker.stores.recent import HEAD, Recent
from tracker.stores.record import number_from, run_from, run_id, series_from, values_from

UNREAD = [  # what no Run holds: it may be large, or secret
    "captured_out",
    "resources",
    "artifacts",
    "host.ENV",
    "experiment.sources",
    "experiment.dependencies",
    "experiment.repositories",
    "experiment.base_dir",
    "experiment.mainfile",
    "format",
    "omniboard",
]

Document = Mapping[str, Any]


class MongoStore:
    """The runs of one database; the server is asked for the first time when something is read."""

    def __init__(self, address: str) -> None:
        self.address = masked(address)
        self._database = database_at(address)
        self._recent = Recent()
        weakref.finalize(self, self._database.client.close)  # pymongo warns of a client that nobody closed

    def runs(self) -> Iterator[Run]:
        with asking(self.address):
            found = self._recent.runs(self._heads, self._fetched)
        yield from sorted(found, key=lambda run: id_order(run.id))

    def run(self, id: int | str) -> Run:
        wanted = id_from(str(id))
        with asking(self.address):
            for spelling in (wanted, str(wanted)):
                for _, run in self._fetched([spelling]):
                    return run
            known = [run_id(document) for document in self._documents({"$project": {"_id": 1}})]
        raise unknown_run(wanted, sorted(known, key=id_order), self.address)

    def metrics(self, run: Run) -> tuple[str, ...]:
        with asking(self.address):
            return tuple(sorted(self._database.metrics.distinct("name", {"run_id": run.id})))

    def series(self, run: Run, name: str) -> Series:
        with asking(self.address):
            parts = list(self._database.metrics.find({"run_id": run.id, "name": name}))
        return self._series(run, name, parts)

    def _series(self, run: Run, name: str, parts: Sequence[Document]) -> Series:
        if any(part.get(THINNED) for part in parts):
            with asking(self.address):
                parts = self._whole(run, name, ("steps", "values", "timestamps")) or parts
        return series_from(name, parts)

    def all_series(self, run: Run) -> Iterator[Series]:
        """All points of all its metrics, by one question for those that are not long."""
        parts: dict[str, list[Document]] = defaultdict(list)
        with asking(self.address):
            for part in self._database.metrics.find({"run_id": run.id}):
                parts[str(part.get("name"))].append(part)
        for name in sorted(parts):
            yield self._series(run, name, parts.pop(name))

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        known = {run.id: run for run in runs}
        with asking(self.address):
            numbers = self._recent.numbers(known, (name, reduction), partial(self._numbers, name, reduction))
        return {id: number for id, number in numbers.items() if number is not None}

    def artifacts(self, run: Run) -> tuple[str, ...]:
        return tuple(self._artifacts(run))

    def artifact(self, run: Run, name: str) -> IO[bytes]:
        from gridfs import GridFS
        from gridfs.errors import NoFile

        id = place_of(run, name, self._artifacts(run))
        with asking(self.address):
            try:
                found: IO[bytes] = GridFS(self._database).get(id)
            except NoFile as error:
                raise lost(run, name) from error
        return found

    def _artifacts(self, run: Run) -> Mapping[str, Any]:
        with asking(self.address):
            document = self._database.runs.find_one({"_id": run.id}, {"artifacts": 1})
        return places(document or {}, "file_id")

    def _numbers(self, name: str, reduction: str, runs: Sequence[Run]) -> dict[int | str, float | None]:
        known = {run.id: run for run in runs}
        parts = self._parts(list(known), name, reduction)
        return {id: self._number(known[id], name, parts[id], reduction) for id in parts}

    def _parts(self, ids: Sequence[int | str], name: str, reduction: str) -> dict[int | str, list[Document]]:
        """The documents of one metric, with no more of their points than the reduction looks at."""
        seen: Any = {"$slice": ["$values", -1]} if reduction == "last" else 1
        fields = {"run_id": 1, THINNED: 1, "values": seen}
        fields |= {"steps": {"$slice": ["$steps", 1]}, "last": {"$slice": ["$steps", -1]}}
        wanted = {"name": name, "run_id": {"$in": ids}}
        parts: dict[int | str, list[Document]] = defaultdict(list)
        for part in self._database.metrics.aggregate([{"$match": wanted}, {"$project": fields}]):
            parts[part["run_id"]].append(part)
        return parts

    def _number(self, run: Run, name: str, parts: Sequence[Document], reduction: str) -> float | None:
        """A thinned metric keeps its first, last, largest and smallest value; its mean needs them all."""
        last_steps = [step for part in parts for step in part.get("last") or ()]
        if reduction == "mean" and any(part.get(THINNED) for part in parts):
            parts = self._whole(run, name, ("values",)) or parts
        return number_from(run, name, values_from(parts), max(last_steps, default=None), reduction)

    def _whole(self, run: Run, name: str, fields: Sequence[str]) -> list[dict[str, Any]]:
        """All points of a thinned metric as one part, in the order they were logged; none without chunks."""
        wanted = {"run": recorded_uuid({"info": run.info}), "name": name}
        chunks = list(self._database[POINTS].find(wanted, dict.fromkeys([*fields, "chunk"], 1)))
        chunks.sort(key=lambda chunk: int(chunk["chunk"]))
        whole = {field: [item for chunk in chunks for item in chunk.get(field) or ()] for field in fields}
        return [whole] if chunks else []

    def _heads(self) -> Iterator[Document]:
        return self._documents({"$project": HEAD})

    def _fetched(self, ids: Sequence[Any] | None) -> Iterator[tuple[Document, Run]]:
        going = []
        for document in self._documents({"$unset": UNREAD}, ids):
            run = _run(document)
            if run.status == "RUNNING":
                going.append((document, run))
            else:
                yield document, run
        times = self._point_times([run.id for _, run in going])
        for document, run in going:
            yield document, _going(run, times.get(run.id, ()))

    def _point_times(self, ids: Sequence[int | str]) -> dict[int | str, list[Any]]:
        """The times of the latest points of each of these runs that has told any."""
        times: dict[int | str, list[Any]] = defaultdict(list)
        latest_of = {"$slice": ["$timestamps", -LOOKED_AT]}  # of what is no list, the server refuses it
        latest = {"run_id": 1, "timestamps": {"$cond": [{"$isArray": "$timestamps"}, latest_of, []]}}
        wanted: list[Document] = [{"$match": {"run_id": {"$in": ids}}}, {"$project": latest}]
        for part in self._database.metrics.aggregate(wanted) if ids else ():
            told = part.get("timestamps")
            times[part.get("run_id", "")].extend(told if isinstance(told, list) else ())
        return times

    def _documents(self, fields: Document, ids: Sequence[Any] | None = None) -> Iterator[dict[str, Any]]:
        """Every run; Sacred leaves a stump without an id when it ends a run that it could not begin."""
        wanted = [] if ids is None else [{"$match": {"_id": {"$in": ids}}}]
        found = self._database.runs.aggregate([*wanted, fields])
        return (document for document in found if document["_id"] is not None)


def _going(run: Run, times: Iterable[Any]) -> Run:
    """The run with what tells whether it still gets on; the times of its output are not on the server."""
    points = [moment for moment in map(utc, times) if moment]
    return replace(run, progress=progress(points, filter(None, [run.started])) if points else None)


def _run(document: Document) -> Run:
    """The run without what the mirror notes of its copying, so that it is the same as in its folder."""
    info = document.get("info")
    facts = info.get("tracker") if isinstance(info, Mapping) else None
    if not isinstance(info, Mapping) or not isinstance(facts, Mapping):
        return run_from(document)
    kept = {name: fact for name, fact in facts.items() if name not in MIRRORS}
    return run_from({**document, "info": {**info, "tracker": kept}})
