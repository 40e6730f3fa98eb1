"""Who does which piece of work now, so that nothing is done twice."""

from __future__ import annotations

from tracker.address import is_mongo
from tracker.leases.base import Leases

__all__ = ["open_leases"]


def open_leases(address: str) -> Leases:
    """The leases of the store at this address: in a folder beside its runs, or in a collection of its own.

    Nothing is written, and no server asked, before a lease is asked for.
    """
    if is_mongo(address):
        from tracker.leases.mongo import MongoLeases

        return MongoLeases(address)
    from tracker.leases.files import FileLeases

    return FileLeases(address)
