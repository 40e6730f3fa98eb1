"""A Ray cluster to work with: one of our own on this machine, or one that is there already."""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeps.engines.machine import cores
from tracker.errors import LaunchError

LOCAL = "local"  # Ray's word for a new cluster on this machine
PATIENCE = 5.0  # seconds for a cluster's address to answer
OBJECT_STORE = 80 * 2**20  # bytes; the least that Ray takes, for nothing of a run lies there
SHORT = Path("/tmp")  # sockets lie in Ray's folder, and their paths must be short

# Ray prints news of workers to stdout, whatever log_to_driver says; this is its switch against it
QUIET = {"RAY_DEDUP_LOGS_SKIP_REGEX": ".*"}
IMPATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "3"}  # a second each, for a cluster whose port answers already


@dataclass(frozen=True)
class Connection:
    """A cluster that this process has joined."""

    shown: str
    folder: Path | None = None  # of a cluster of our own, which ends with the connection


def connect(address: str | None) -> Connection:
    """Join the cluster there, or start one on this machine. Raises LaunchError."""
    address = address or os.environ.get("RAY_ADDRESS") or LOCAL
    if "://" in address:
        raise LaunchError(
            f"address={address}: Ray's client protocol is not supported; "
            "start the sweep on a node of the cluster, with address=auto"
        )
    return _started() if address == LOCAL else _joined(address)


def disconnect(connection: Connection) -> None:
    """Leave the cluster; end it, if it is our own."""
    import ray

    ray.shutdown()
    if connection.folder:
        shutil.rmtree(connection.folder, ignore_errors=True)


def _started() -> Connection:
    """A new cluster with a token of its own, so that none is written into the user's home."""
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir=SHORT if SHORT.is_dir() else None))
    own = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    with ExitStack() as undo:
        undo.callback(shutil.rmtree, folder, ignore_errors=True)
        _init("a Ray cluster on this machine", own, address=LOCAL, num_cpus=cores(), include_dashboard=False,
              object_store_memory=OBJECT_STORE, _temp_dir=str(folder))  # fmt: skip
        undo.pop_all()
    return Connection("a Ray cluster on this machine", folder)


def _joined(address: str) -> Connection:
    if address != "auto":
        _answers(address)
    _init(f"the Ray cluster at {address}", IMPATIENT, address=address)
    return Connection(f"the Ray cluster at {address}")


def _answers(address: str) -> None:
    """Raise LaunchError at once where nobody listens; Ray itself would try for a minute."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise LaunchError(f"address={address}: say auto or HOST:PORT, as in address=10.0.0.1:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
    except OSError as error:
        raise LaunchError(
            f"address={address}: no Ray cluster answers there ({error}); start one with: ray start --head"
        ) from error


def _init(what: str, variables: Mapping[str, str], **options: Any) -> None:
    with _environment({**QUIET, **variables}), _signals_kept():
        import ray
        from ray.exceptions import RayError

        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        except (RayError, OSError, RuntimeError, ValueError) as error:
            ray.shutdown()
            raise LaunchError(f"{what} cannot be used: {_one_line(error)}; {_remedy(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _remedy(error: Exception) -> str:
    words = str(error)
    if "Version mismatch" in words:
        return "all machines need the same Ray and the same Python"
    if "Failed to connect" in words or "oken" in words:
        return (
            "give RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH the cluster's token, "
            "or RAY_AUTH_MODE=disabled to all machines of a closed network"
        )
    if "raylet" in words:
        return "start the sweep on a machine of the cluster; `ray start` makes this one a part of it"
    return "`ray status` tells more"


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """The variables, where the user has not set them, for as long as Ray starts."""
    mine = {name: value for name, value in variables.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts a handler of its own on SIGTERM, but the driver of the sweep has one already."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)
