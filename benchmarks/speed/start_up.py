"""How long commands take to answer, and a run to its first step."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

TRACKER = ("-c", "from tracker.cli import main; main()")
SWEEPS = ("-c", "from sweeps.cli import main; main()")
TORCH = ("-c", "import torch")
QUIETLY: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


@dataclass(frozen=True)
class Command:
    """Words for Python, with the processor seconds that they may take."""

    title: str
    words: tuple[str, ...]
    target: float
    gate: float


COMMANDS = (
    Command("tracker --help", (*TRACKER, "--help"), 0.2, 0.3),
    Command("tracker check", (*TRACKER, "check", "sweeps/batchnorm.yaml"), 0.2, 0.3),
    Command(
        "tracker check --no-launch", (*TRACKER, "check", "sweeps/batchnorm.yaml", "--no-launch"), 0.2, 0.3
    ),
    Command("tracker tree", (*TRACKER, "tree", "sweeps/demo.yaml", "--store", "{store}"), 0.2, 0.3),
    Command("sweeps --help", (*SWEEPS, "--help"), 0.2, 0.3),
    Command("sweeps plan", (*SWEEPS, "plan", "sweeps/demo.yaml", "--store", "{store}"), 0.2, 0.3),
    Command("an experiment's print_config", ("-m", "experiments.full", "print_config"), 0.5, 0.7),
)
FIRST_STEP = Command("from a run's command to its first step, beyond importing torch", (), 0.5, 0.5)
TINY = {
    **{"data": "synthetic", "subset": 200, "test_subset": 20, "depth": 8, "width": 4, "batch_size": 32},
    **{"epochs": 1, "log_every": 1, "seed": 1},
}


@dataclass(frozen=True)
class Times:
    """What a command took, several times, in seconds."""

    command: Command
    seconds: tuple[float, ...]

    @property
    def is_met(self) -> bool:
        """Whether the median is within the target."""
        return median(self.seconds) <= self.command.target

    @property
    def row(self) -> tuple[str, ...]:
        """Its cells: the median, the least and the greatest, target and gate."""
        middle, command = median(self.seconds), self.command
        met = "met" if self.is_met else "missed"
        cleared = "cleared" if max(self.seconds) <= command.gate else "not cleared"
        spread = f"{middle:.2f} s ({min(self.seconds):.2f} to {max(self.seconds):.2f})"
        return command.title, spread, f"{command.target} s, {met}", f"{command.gate} s, {cleared}"


def what() -> Mapping[str, Any]:
    """Every command by its words, and the settings of the run."""
    return {**{one.title: one.words for one in COMMANDS}, FIRST_STEP.title: TINY}


def rounds(count: int) -> Iterator[Mapping[str, float]]:
    """Every command once a round: processor seconds; of a run the time on the clock."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TRACKER_STORE": f"{folder}/runs"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else the sources are compiled at every start
        for command in COMMANDS:
            _processor(_words(command, folder), environment)
        _first_step(Path(folder), environment)  # so that the images are drawn, and the store is there
        for _ in range(count):
            found = {one.title: _processor(_words(one, folder), environment) for one in COMMANDS}
            torch = _clock([sys.executable, *TORCH], environment)
            yield {**found, FIRST_STEP.title: _first_step(Path(folder), environment) - torch}


def times(found: Sequence[Mapping[str, float]]) -> list[Times]:
    """What each command took in these rounds."""
    return [Times(one, tuple(each[one.title] for each in found)) for one in (*COMMANDS, FIRST_STEP)]


def _words(command: Command, folder: str) -> list[str]:
    return [sys.executable, *(word.replace("{store}", f"{folder}/runs") for word in command.words)]


def _processor(words: Sequence[str], environment: Mapping[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, env=environment, check=True, **QUIETLY)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _clock(words: Sequence[str], environment: Mapping[str, str]) -> float:
    began = time.monotonic()
    subprocess.run(words, env=environment, check=True, **QUIETLY)
    return time.monotonic() - began


def _first_step(folder: Path, environment: Mapping[str, str]) -> float:
    """Seconds from the command to the first step's point in the record."""
    began = datetime.now(UTC).replace(tzinfo=None)
    settings = [f"{name}={value}" for name, value in TINY.items()]
    _clock(
        [sys.executable, "-m", "experiments.full", "with", *settings, f"data_dir={folder}/data"], environment
    )
    newest = max((folder / "runs").glob("[0-9]*"), key=lambda run: int(run.name))
    metrics = json.loads((newest / "metrics.json").read_text())
    first = min(datetime.fromisoformat(points["timestamps"][0]) for points in metrics.values())
    return (first - began).total_seconds()
