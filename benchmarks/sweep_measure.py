"""What one way through all runs takes: wall time, processor time, and what others took meanwhile."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.machine import QUIET, busy_seconds
from benchmarks.sweep_scene import RUNS, Scene


@dataclass(frozen=True)
class Measured:
    """One way through all runs."""

    code: int
    wall: float
    processor: float  # of everything that the way has started
    runs: float  # of that, the runs themselves
    others: float  # cores that other processes used meanwhile, on average

    @property
    def per_hour(self) -> float:
        """Runs an hour."""
        return RUNS / self.wall * 3600

    @property
    def overhead(self) -> float:
        """Processor seconds a run beside the run itself."""
        return (self.processor - self.runs) / RUNS

    @property
    def is_dirty(self) -> bool:
        """Whether others were busy."""
        return self.others > QUIET

    @property
    def words(self) -> str:
        """For the terminal."""
        return f"{self.wall:.1f} s, {self.overhead:.3f} s beside a run, {self.others:.2f} cores of others"


def measured(command: Sequence[str], scene: Scene) -> Measured:
    """Carry out the command in the scene's folder."""
    environment = {**os.environ, "TRACKER_STORE": "runs", "OMP_NUM_THREADS": "1"}
    with (scene.folder / "output").open("wb") as output:
        busy, began = busy_seconds(), time.monotonic()
        process = subprocess.Popen(
            command, cwd=scene.folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall, busy = time.monotonic() - began, busy_seconds() - busy
    process.returncode = os.waitstatus_to_exitcode(status)
    took = usage.ru_utime + usage.ru_stime
    others = max(0.0, busy - took) / wall
    return Measured(process.returncode, wall, took, scene.seconds_of_runs(), others)
