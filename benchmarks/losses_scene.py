"""One run of the experiment with everything around it: its process, its ledger, its server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.mirror.nx import OwnServer
from tests.mirror.proxy import Proxy

ROOT = Path(__file__).parents[1]
SCRIPT = Path(__file__).with_name("losses_experiment.py")
PATIENCE = 120.0  # seconds after which a run that does not end is killed


@dataclass
class Ledger:
    """What was acknowledged: (time, step) of points and lines, in the order of the calls."""

    points: list[tuple[float, int]] = field(default_factory=list)
    lines: list[tuple[float, int]] = field(default_factory=list)
    begun: float = 0.0
    ended: float = 0.0

    @classmethod
    def read(cls, path: Path) -> Ledger:
        """As far as it is written."""
        ledger = cls()
        for text in path.read_text().splitlines() if path.exists() else ():
            moment, what, *step = text.split()
            if what == "point":
                ledger.points.append((float(moment), int(step[0])))
            elif what == "line":
                ledger.lines.append((float(moment), int(step[0])))
            elif what == "main":
                ledger.begun = float(moment)
            elif what == "end":
                ledger.ended = float(moment)
        return ledger


@dataclass
class Ended:
    """How a run's process went."""

    ledger: Ledger
    seconds: float  # from its start to its end
    output: str
    killed: bool = False  # by us, because it did not end


class Scene:
    """A place for the runs of one side, in a folder or on a server behind a proxy."""

    def __init__(self, folder: Path, side: str, on_server: bool, store: Path | None = None) -> None:
        folder.mkdir(parents=True)
        self.store = store or folder / "runs"  # of stock Sacred, or of our journals
        self.folder, self.side = folder, side
        self.server = OwnServer(folder / "server") if on_server else None
        self._proxy = Proxy(self.server.port) if self.server else None
        self.is_online = self.server is not None  # else runs are not told of the server
        if self.server:
            self.server.start()
        self._is_up = self.server is not None
        self.runs, self.first_on_path = 0, ROOT
        self._process: subprocess.Popen[str] | None = None

    @property
    def proxy(self) -> Proxy:
        """The way to the server, where there is one."""
        assert self._proxy is not None
        return self._proxy

    @property
    def database(self) -> str:
        """The address past the proxy."""
        assert self.server is not None
        return f"mongodb://127.0.0.1:{self.server.port}/losses"

    def kill_server(self) -> None:
        """kill -9, after which nobody answers."""
        assert self.server is not None
        self.proxy.refuse()
        self.server.kill()
        self._is_up = False

    def start_server(self) -> None:
        """Starts it with what it held, where it does not run."""
        if self.server and not self._is_up:
            self.server.start()
            self.proxy.accept()
            self._is_up = True

    def start(self, act: str = "", options: Sequence[str] = (), **settings: object) -> None:
        """Starts a run."""
        self.start_at(self._store_address, act, options, **settings)

    @property
    def _store_address(self) -> str:
        return f"mongodb://127.0.0.1:{self.proxy.port}/losses" if self.is_online else str(self.store)

    def start_at(self, store: str, act: str = "", options: Sequence[str] = (), **settings: object) -> None:
        """Starts a run that is recorded elsewhere."""
        self.runs += 1
        environ = {**os.environ, "OMP_NUM_THREADS": "1", "LOSSES_SIDE": self.side, "LOSSES_STORE": store}
        environ |= {"LOSSES_LEDGER": str(self.ledger_path), "TRACKER_STORE": store}
        environ |= {
            "TRACKER_FOLDER": str(self.store),
            "PYTHONPATH": f"{self.first_on_path}:{ROOT}",
            "PYTHONWARNINGS": "ignore",
        }
        words = [f"act={act}", *(f"{name}={value}" for name, value in settings.items())]
        command = [sys.executable, "-P", str(SCRIPT), *options, "with", *words]
        self._begun = time.monotonic()
        with (self.folder / f"output-{self.runs}").open("w") as output:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=environ, stdout=output, stderr=output, text=True
            )

    @property
    def ledger_path(self) -> Path:
        """Of the run that was started last."""
        return self.folder / f"ledger-{self.runs}"

    @property
    def process(self) -> subprocess.Popen[str]:
        """Of the run that was started last."""
        assert self._process is not None
        return self._process

    def wait_for(self, points: int) -> None:
        """Until so many points were acknowledged, or the run ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            if len(Ledger.read(self.ledger_path).points) >= points:
                return
            time.sleep(0.01)

    def end(self) -> Ended:
        """Waits for the end of the run, at most for as long as anybody would."""
        killed = False
        try:
            self.process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            killed = True
        seconds = time.monotonic() - self._begun
        output = (self.folder / f"output-{self.runs}").read_text(errors="replace")
        return Ended(Ledger.read(self.ledger_path), seconds, output, killed)

    def close(self) -> None:
        """Ends what still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self.server:
            self.proxy.refuse()
            self.server.kill()


LINE = re.compile(r"^line (\d+) ", re.MULTILINE)


def lines_in(text: str) -> set[int]:
    """The lines of the experiment in a captured output."""
    return {int(found) for found in LINE.findall(text)}
