"""The files of a run, brought from GridFS to disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from pymongo.database import Database

from tracker.mirror.run_files import OUTPUT_MARK


class _Incomplete(Exception):  # noqa: N818 - it becomes a word about the file
    """A file whose entry or chunks are not all there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One file: what the run calls it, where its copy is."""

    name: str
    path: Path
    sha256: str
    content_type: str | None = None
    metadata: Mapping[str, Any] | None = None


@dataclass(slots=True)
class Fetched:
    """The files of one run; what could not be brought is told in words."""

    sources: list[Stored] = field(default_factory=list)
    resources: list[Stored] = field(default_factory=list)
    artifacts: list[Stored] = field(default_factory=list)
    output: Path | None = None  # the whole output of a run that printed much
    missing: list[str] = field(default_factory=list)


class Fetch:
    """Brings files into a folder of their own each, so that each may be called as it is."""

    def __init__(self, database: Database[Any], folder: Path) -> None:
        self._database, self._folder = database, folder
        self._count = 0

    def files(self, document: Mapping[str, Any]) -> Fetched:
        """All files that the document of a run names. Raises PyMongoError, OSError."""
        fetched = Fetched()
        experiment = document.get("experiment")
        sources = experiment.get("sources") if isinstance(experiment, Mapping) else None
        fetched.sources.extend(self._stored(_pairs(sources), "source", fetched))
        fetched.resources.extend(self._stored(_pairs(document.get("resources")), "resource", fetched))
        for file in self._stored(_artifacts(document.get("artifacts")), "artifact", fetched):
            if file.metadata == OUTPUT_MARK:
                fetched.output = file.path
            else:
                fetched.artifacts.append(file)
        return fetched

    def _stored(self, named: Iterator[tuple[str, Any]], kind: str, fetched: Fetched) -> Iterator[Stored]:
        for name, id in named:
            try:
                yield self._one(name, ObjectId(id))
            except (_Incomplete, InvalidId, TypeError):
                fetched.missing.append(f"{kind} {name} is not in the database as a whole")

    def _one(self, name: str, id: ObjectId) -> Stored:
        entry = self._database["fs.files"].find_one({"_id": id})
        if entry is None:
            raise _Incomplete
        self._count += 1
        path = self._folder / str(self._count) / (Path(name).name or "file")
        path.parent.mkdir(parents=True)
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for data in self._content(entry):
                digest.update(data)
                file.write(data)
        return Stored(name, path, digest.hexdigest(), entry.get("contentType"), entry.get("metadata"))

    def _content(self, entry: Mapping[str, Any]) -> Iterator[bytes]:
        size = 0
        chunks = self._database["fs.chunks"].find({"files_id": entry["_id"]}).sort("n", 1)
        for number, chunk in enumerate(chunks):
            if chunk["n"] != number:
                raise _Incomplete
            size += len(chunk["data"])
            yield bytes(chunk["data"])
        if size != entry["length"]:
            raise _Incomplete


def _pairs(listed: Any) -> Iterator[tuple[str, Any]]:
    for pair in listed if isinstance(listed, list) else ():
        if isinstance(pair, list) and len(pair) == 2:
            yield str(pair[0]), pair[1]


def _artifacts(listed: Any) -> Iterator[tuple[str, Any]]:
    for told in listed if isinstance(listed, list) else ():
        if isinstance(told, Mapping):
            yield str(told.get("name")), told.get("file_id")
