"""A MongoDB server of a test's own, which may be killed, stopped, started again."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


class OwnServer:
    """nx-27017 on a port and a data folder that stay the same however often it is started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def address(self, *options: str) -> str:
        return f"mongodb://127.0.0.1:{self.port}/grove?{'&'.join(options)}"

    def start(self) -> None:
        own = (f"--data-dir={self._folder}", f"--log-file={self._folder / 'log'}")
        command = [sys.executable, str(Path(__file__).parents[1] / "nx_server.py"), f"--port={self.port}"]
        command += [*own, f"--pid-file={self._folder / 'pid'}"]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError((self._folder / "server.log").read_text(encoding="utf-8"))

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
