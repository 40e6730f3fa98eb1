"""The address of a store, as it is typed by a user, as it is printed for everybody."""

from __future__ import annotations

import re

MONGO_SCHEMES = ("mongodb", "mongodb+srv")
EXAMPLE = "mongodb://localhost:27017/sacred"

_HOST_AND_PORT = re.compile(r"[\w.-]+:\d+(?:[/:]|$)")


def scheme(address: str) -> str:
    """What stands before `://`, in small letters, or nothing for a folder."""
    before, separator, _ = address.partition("://")
    return before.lower() if separator else ""


def looks_like_a_server(address: str) -> bool:
    """Whether this is `host:port...` without a scheme, which would pass for a folder not yet there."""
    return bool(_HOST_AND_PORT.match(address))


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
