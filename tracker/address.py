"""The address of a store, as it is typed by a user, as it is printed for everybody."""

from __future__ import annotations

import re

from tracker.errors import StoreError

MONGO_SCHEMES = ("mongodb", "mongodb+srv")
EXAMPLE = "mongodb://localhost:27017/sacred"
PATIENCE = 5000  # milliseconds to look for a server

_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(?:[/:]|$)")


def is_mongo(address: str) -> bool:
    """Whether the address names a MongoDB; else it is a folder. Raises StoreError where it is neither."""
    before, separator, _ = address.partition("://")
    if separator and before.lower() in MONGO_SCHEMES:
        return True
    # host:port without a scheme would pass for a folder that is not there yet
    if separator or _HOST_AND_PORT.match(address) or not address.strip():
        raise StoreError(f"{masked(address)!r} is no store: name a folder, or a server as in {EXAMPLE}.")
    return False


def masked(address: str) -> str:
    """The address without what may be secret: user and password become ***, the options go.

    Everything up to the last @ counts as credentials, because a password that was not percent-encoded
    may hold any of the characters that divide an address.
    """
    before, separator, rest = address.partition("://")
    if not separator:
        return address
    _, at, place = rest.rpartition("@")
    return f"{before}://{'***@' if at else ''}{place.partition('?')[0]}"


def patience(address: str) -> dict[str, int]:
    """How long MongoDB's driver looks for a server, where the address does not say: its options for that."""
    told = "serverselectiontimeoutms" in address.lower()
    return {} if told else {"serverSelectionTimeoutMS": PATIENCE}
