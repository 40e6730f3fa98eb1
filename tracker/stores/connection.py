"""The way to a MongoDB: its database at an address, its refusals in one sentence."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tracker.address import EXAMPLE, masked, patience
from tracker.errors import StoreError

if TYPE_CHECKING:
    from pymongo import MongoClient
    from pymongo.database import Database
    from pymongo.errors import PyMongoError

UNAUTHORIZED = 13
REFUSALS = (UNAUTHORIZED, 18, 8000)  # Unauthorized, AuthenticationFailed, Atlas' word for both

# in the words of the driver, which has no errors of its own for these
_TOO_OLD = "reports wire version"
_NO_TLS = "SSL handshake failed"


def database_at(address: str, **options: Any) -> Database[dict[str, Any]]:
    """The database; its server is asked for the first time when something is read or written.

    Raises StoreError where the driver does not take the address, or it names no database.
    """
    client = _client(address, **patience(address), **options)
    return client[_database_name(client, masked(address))]


@contextmanager
def asking(shown: str) -> Iterator[None]:
    """Tells what goes wrong on the way to the server as a StoreError, without credentials."""
    from pymongo.errors import PyMongoError

    try:
        yield
    except PyMongoError as error:
        raise StoreError(told(error, shown)) from error


@contextmanager
def changing(shown: str) -> Iterator[None]:
    """As `asking`, around a write: a user who may not write is told just that."""
    from pymongo.errors import OperationFailure

    try:
        with asking(shown):
            yield
    except StoreError as error:
        cause = error.__cause__
        if isinstance(cause, OperationFailure) and cause.code == UNAUTHORIZED:
            raise StoreError(may_only_read(shown)) from cause
        raise


def may_only_read(shown: str) -> str:
    """What a user is told who may not write."""
    return f"{shown} lets this user read, not write: give it the role readWrite, or take another."


def told(error: PyMongoError, shown: str) -> str:
    """What the driver says, in one sentence with the remedy, without credentials."""
    from pymongo.errors import ConnectionFailure, OperationFailure

    if is_too_old(error):
        return f"{shown} is a MongoDB too old for this tracker: update it to {_oldest()} or newer."
    if isinstance(error, ConnectionFailure) and _NO_TLS in str(error):
        return f"{shown} answers, but not with the TLS of the address: check its tls options, certificates."
    if isinstance(error, ConnectionFailure):
        return f"No MongoDB answers at {shown}: start it, or correct the address."
    if isinstance(error, OperationFailure):
        return _refusal(error.code, shown)
    return f"{shown} cannot be read ({type(error).__name__}): check the address with its options."


def is_too_old(error: PyMongoError) -> bool:
    """Whether the server is of a version that the driver does not speak to."""
    from pymongo.errors import ConfigurationError

    return isinstance(error, ConfigurationError) and _TOO_OLD in str(error)


def _oldest() -> str:
    from pymongo.common import MIN_SUPPORTED_SERVER_VERSION

    return MIN_SUPPORTED_SERVER_VERSION


def _client(address: str, **options: Any) -> MongoClient[dict[str, Any]]:
    from pymongo import MongoClient
    from pymongo.errors import PyMongoError

    try:
        with warnings.catch_warnings():
            # the driver goes on without a tls option that is misspelt, and sends the password in the open
            warnings.simplefilter("error", UserWarning)
            # AUTO: a date that Python cannot hold is a fault of one run, not of the whole table
            return MongoClient(address, datetime_conversion="DATETIME_AUTO", **options)
    except UserWarning:
        raise StoreError(
            f"{masked(address)!r} has an option that MongoDB's driver does not know, or not with that value: "
            "correct what stands after its question mark."
        ) from None
    except (PyMongoError, ValueError):
        # not from the error: its words quote parts of the address, which may be the password
        raise StoreError(
            f"{masked(address)!r} is not an address that MongoDB's driver takes: write it as in {EXAMPLE}, "
            "special characters percent-encoded; the host of a mongodb+srv address must be known to the DNS."
        ) from None


def _database_name(client: MongoClient[dict[str, Any]], shown: str) -> str:
    from pymongo.errors import ConfigurationError

    try:
        return client.get_default_database().name
    except ConfigurationError as error:
        client.close()
        raise StoreError(f"{shown!r} names no database: write it as in {EXAMPLE}.") from error


def _refusal(code: int | None, shown: str) -> str:
    if code in REFUSALS:
        return f"{shown} refuses this user: check user, password, rights, or name the authSource."
    return f"{shown} cannot be read (error {code} of the server): see the server's log."
