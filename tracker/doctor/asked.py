"""Questions to one database and changes in it; the doctor's only module that knows MongoDB's driver."""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from tracker.address import masked
from tracker.stores.connection import asking, changing, database_at

HEAVY = "captured_out"  # counted in a document's size, looked at by no check


class Asked:
    """One database; every error is a StoreError without credentials."""

    def __init__(self, address: str) -> None:
        self._shown = masked(address)
        self._database = database_at(address)
        weakref.finalize(self, self._database.client.close)  # pymongo warns of a client that nobody closed

    def runs(self) -> Iterator[tuple[dict[str, Any], int]]:
        """Every run's document with its size in bytes."""
        from bson import CodecOptions, decode
        from bson.codec_options import DatetimeConversion
        from bson.raw_bson import RawBSONDocument

        raw = self._database.runs.with_options(CodecOptions(document_class=RawBSONDocument))
        options = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_AUTO)
        with asking(self._shown):
            for found in raw.find({}).sort("_id", 1):
                document = decode(found.raw, options)
                document.pop(HEAVY, None)
                yield document, len(found.raw)

    def metric_heads(self) -> list[dict[str, Any]]:
        """Of every metric's document the run, the name, the first point's time."""
        fields = {"run_id": 1, "name": 1, "timestamps": {"$slice": ["$timestamps", 1]}}
        with asking(self._shown):
            return list(self._database.metrics.aggregate([{"$project": fields}]))

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Every metric's document, one in memory at a time."""
        with asking(self._shown):
            yield from self._database.metrics.find({}, batch_size=1)

    def all(self, collection: str, *fields: str) -> list[dict[str, Any]]:
        """A small collection, or of a larger one the named fields."""
        with asking(self._shown):
            return list(self._database[collection].find({}, dict.fromkeys(fields, 1) or None))

    def set(self, collection: str, wanted: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
        """Set fields of the document that is wanted; False where there is none."""
        with changing(self._shown):
            answer = self._database[collection].update_one(wanted, {"$set": dict(changes)})
        return bool(answer.matched_count)

    def delete(self, collection: str, wanted: Mapping[str, Any]) -> None:
        """Delete the documents that are wanted."""
        with changing(self._shown):
            self._database[collection].delete_many(wanted)
