"""A side in processes of its own, which wait between its turns."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any

from benchmarks.speed.cases import Side

COMMAND = (sys.executable, "-W", "ignore", "-m", "benchmarks.speed.sides")


class SideError(Exception):
    """A side that broke off, with the end of what it said."""


@dataclass(frozen=True)
class Turn:
    """What all processes of a side reached together."""

    value: float
    start: float  # seconds from the start of the processes to what they measured first
    goes_on: bool  # whether they wait for another turn


class Turns:
    """One turn after another, of the same processes where they go on."""

    def __init__(self, side: Side) -> None:
        self.side, self._alive = side, ExitStack()
        self._processes: list[_Process] = []

    def __enter__(self) -> Turns:
        return self

    def __exit__(self, *_: object) -> None:
        self._alive.close()

    def turn(self) -> Turn:
        """Raises SideError."""
        for process in self._processes:
            process.go_on()
        while len(self._processes) < self.side.processes:
            self._processes.append(self._alive.enter_context(_Process(self.side)))
        turns = [process.answer() for process in self._processes]
        goes_on = all(one.goes_on for one in turns)
        if not goes_on:
            self._processes.clear()
            self._alive.close()
        return Turn(sum(one.value for one in turns), max(one.start for one in turns), goes_on)


class _Process:
    def __init__(self, side: Side) -> None:
        threads = str(side.threads)
        environment = {**os.environ, "OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- closed with the process
        self._process: subprocess.Popen[Any] = subprocess.Popen(
            [*COMMAND, side.function, json.dumps(dict(side.options))],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors,
        )  # fmt: skip

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *error: object) -> None:
        """Ended where it waits; where something went wrong it may be in the middle of its work."""
        if any(error):
            self._process.kill()
        self._process.communicate()
        self._errors.close()

    def go_on(self) -> None:
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

    def answer(self) -> Turn:
        for line in self._process.stdout:
            if line.startswith(b"{"):
                return Turn(**json.loads(line))
        self._process.wait()
        self._errors.seek(0)
        raise SideError(self._errors.read().decode(errors="replace").strip()[-2000:])
