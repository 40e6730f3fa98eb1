"""Omniboard, the server beneath it and what a page of it shows."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"

Sync = Callable[..., subprocess.CompletedProcess[str]]


class Server:
    """A MongoDB server on this machine that a test may stop and start again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        self.port = free_port()
        self.start()

    @property
    def address(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}"

    def start(self) -> None:
        own = ("--port", str(self.port), "--keep", str(self.folder / "kept.bson"), *self.options)
        log = (self.folder / "server.log").open("a", encoding="utf-8")
        command = ["node", str(HERE / "server/main.js"), *own]
        with log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        wait_for(self.port, self.process, self.folder / "server.log")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


@dataclass(frozen=True)
class Board:
    """Omniboard over one database."""

    url: str
    address: str  # of the database, for the tracker
    database: Any  # the same, for pymongo
    process: subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    pytest.fail(f"it did not start: {log.read_text(encoding='utf-8')}")
