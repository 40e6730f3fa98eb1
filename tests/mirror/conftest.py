"""Databases, servers, and proxies for what is copied to MongoDB."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.mirror.nx import OwnServer
from tests.mirror.proxy import Proxy


@pytest.fixture
def database(mongo_address: str) -> Iterator[Any]:
    """The database of `mongo_address`."""
    from pymongo import MongoClient

    with MongoClient[dict[str, Any]](mongo_address, tz_aware=True) as client:
        yield client[urlsplit(mongo_address).path.strip("/")]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A folder for runs, not there yet."""
    return tmp_path / "runs"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[OwnServer]:
    """A server that the test starts, kills, stops."""
    server = OwnServer(tmp_path / "server")
    yield server
    server.kill()


@pytest.fixture
def proxy(mongo_address: str) -> Iterator[Proxy]:
    """A proxy before the server of `mongo_address`."""
    found = Proxy(urlsplit(mongo_address).port or 27017)
    yield found
    found.refuse()


@pytest.fixture
def through(proxy: Proxy, mongo_address: str) -> Callable[..., str]:
    """through("option=1") is `mongo_address` by way of the proxy."""

    def address(*options: str) -> str:
        parts = urlsplit(mongo_address)
        credentials, at, _ = parts.netloc.rpartition("@")
        query = "&".join(filter(None, (parts.query, "directConnection=true", *options)))
        return parts._replace(netloc=f"{credentials}{at}127.0.0.1:{proxy.port}", query=query).geturl()

    return address
