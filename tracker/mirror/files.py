"""Files in GridFS, each content under each name once, however often it is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, cast

from bson import Binary, ObjectId
from pymongo.database import Database
from pymongo.errors import OperationFailure

CHUNK = 255 * 1024  # bytes, as every driver does
TOGETHER = 16  # chunks in one write: 4 MB
ATTEMPTS = 5  # at writing chunks that another process writes at the same time


@dataclass(slots=True)
class FilesCopy:
    """The files of a run on their way to GridFS; the driver's own way would double a repeated one."""

    database: Database[Any]
    writes: int = 0
    known: set[ObjectId] = field(default_factory=set)  # files that stand there; several runs may share this

    def put(self, path: Path, name: str, **more: Any) -> ObjectId:
        """The id of the file, which stands in GridFS when this returns; OSError where it cannot be read.

        `more` are further fields of its entry.
        """
        with path.open("rb") as file:  # open all the while: an artifact may be replaced meanwhile
            id = _id(file, name)
            if id not in self.known and not self._is_there(id, name):
                size = self._write_chunks(id, file)
                self._write_entry({"_id": id, "filename": name, "length": size, **_without_none(more)})
        self.known.add(id)
        return id

    def _is_there(self, id: ObjectId, name: str) -> bool:
        """An entry without the name is one that a server has made up for chunks that came before it."""
        entry = self.database["fs.files"].find_one({"_id": id}, {"filename": 1})
        return entry is not None and entry.get("filename") == name

    def _write_chunks(self, id: ObjectId, file: BinaryIO) -> int:
        have = self._have(id)
        chunks = _chunks(id, file, have)
        while some := list(islice(chunks, TOGETHER)):
            self._insert(id, some)
            self.writes += 1
        return file.tell()

    def _have(self, id: ObjectId) -> set[int]:
        return {chunk["n"] for chunk in self.database["fs.chunks"].find({"files_id": id}, {"n": 1})}

    def _insert(self, id: ObjectId, chunks: list[Mapping[str, Any]]) -> None:
        """A chunk that is there has the same content, as the id of the file says what that is."""
        for attempt in range(ATTEMPTS):
            try:
                self.database["fs.chunks"].insert_many(chunks, ordered=False)
                return
            except OperationFailure:  # of which a duplicate key is one
                have = self._have(id)
                chunks = [chunk for chunk in chunks if chunk["n"] not in have]
                if not chunks:
                    return
                if attempt == ATTEMPTS - 1:
                    raise

    def _write_entry(self, entry: Mapping[str, Any]) -> None:
        document = {**entry, "chunkSize": CHUNK, "uploadDate": datetime.now(UTC)}
        try:
            self.database["fs.files"].insert_one(document)
            self.writes += 1
        except OperationFailure:
            if not self._is_there(entry["_id"], entry["filename"]):
                raise


def _id(file: BinaryIO, name: str) -> ObjectId:
    digest = file_digest(cast(Any, file), "sha256").hexdigest()
    return _short(f"{digest}\0{name}")


def _short(text: str) -> ObjectId:
    return ObjectId(sha256(text.encode(errors="replace")).digest()[:12])


def _chunks(id: ObjectId, file: BinaryIO, have: set[int]) -> Iterator[Mapping[str, Any]]:
    file.seek(0)
    number = 0
    while data := file.read(CHUNK):
        if number not in have:
            yield {"_id": _short(f"{id}/{number}"), "files_id": id, "n": number, "data": Binary(data)}
        number += 1


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
