"""Leases in a MongoDB: one document each, changed only where it is still as it was seen."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from tracker.address import masked
from tracker.leases.base import LASTS, Holder, Lease, Outcome
from tracker.leases.records import checked, document, lease_from
from tracker.leases.steps import is_given, renewed, settled, taken
from tracker.stores.collections import LEASES
from tracker.stores.connection import asking, database_at

PATIENCE = int(LASTS * 1000 / 3)  # milliseconds for an answer; a server that hangs must not hold up a run
CHANGED = ("beats", "renewed", "outcome")  # by the holder


class MongoLeases:
    """The leases of one database; the server is asked for the first time when a lease is."""

    def __init__(self, address: str) -> None:
        self.address = masked(address)
        told = "sockettimeoutms" in address.lower()
        database = database_at(address, **({} if told else {"socketTimeoutMS": PATIENCE}))
        self._leases = database[LEASES]
        weakref.finalize(self, database.client.close)  # pymongo warns of a client that nobody closed

    def leases(self, keys: Iterable[str] | None = None) -> dict[str, Lease]:
        wanted = {} if keys is None else {"_id": {"$in": [checked(key) for key in keys]}}
        with asking(self.address):
            found = list(self._leases.find(wanted))
        return {str(told["_id"]): self._lease(told) for told in found}

    def take(self, key: str, seen: Lease | None, holder: Holder, details: Mapping[str, Any]) -> Lease | None:
        lease = taken(checked(key), seen, holder, details)
        if self._insert(lease) if seen is None else self._replace(seen, lease):
            return lease
        stored = self.leases([key]).get(key)
        return stored if is_given(stored, lease) else None

    def renew(self, lease: Lease) -> Lease | None:
        return self._change(lease, renewed(lease))

    def settle(self, lease: Lease, outcome: Outcome) -> None:
        self._change(lease, settled(lease, outcome))

    def ask_to_stop(self, keys: Iterable[str]) -> None:
        wanted = {"_id": {"$in": [checked(key) for key in keys]}, "outcome": None}
        with asking(self.address):
            self._leases.update_many(wanted, {"$set": {"stop": True}})

    def _insert(self, lease: Lease) -> bool:
        with asking(self.address):
            try:
                self._leases.insert_one({"_id": lease.key, **document(lease)})
            except DuplicateKeyError:
                return False
        return True

    def _replace(self, seen: Lease, lease: Lease) -> bool:
        wanted = {"_id": seen.key, "generation": seen.generation, "beats": seen.beats}
        with asking(self.address):
            return self._leases.find_one_and_update(wanted, {"$set": document(lease)}) is not None

    def _change(self, lease: Lease, changed: Lease) -> Lease | None:
        """The lease as it now stands; a wish to stop, which is not the holder's to change, stays."""
        told = {name: value for name, value in document(changed).items() if name in CHANGED}
        wanted = {"_id": lease.key, "generation": lease.generation, "holder.pid": lease.holder.pid}
        wanted |= {"holder.host": lease.holder.host, "holder.started": lease.holder.started, "outcome": None}
        with asking(self.address):
            stored = self._leases.find_one_and_update(
                wanted, {"$set": told}, return_document=ReturnDocument.AFTER
            )
        if stored is not None:
            return self._lease(stored)
        # somebody may have removed the document, which ends nothing
        return changed if not self.leases([lease.key]) and self._insert(changed) else None

    def _lease(self, told: Mapping[str, Any]) -> Lease:
        key = str(told["_id"])
        return lease_from(key, told, f"{LEASES} {key} in {self.address}")
