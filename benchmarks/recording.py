"""What the record of a run promises: how little a kill costs, what a point costs, how long a metric may be.

python -m benchmarks.recording [REPETITIONS]      10 kills and signals by default, about two minutes
"""

from __future__ import annotations

import logging
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from benchmarks.journal import write_points
from benchmarks.losses_measure import Outcome, measure
from benchmarks.losses_rows import Row, sent
from tracker.journal.reader import read_values
from tracker.run import Run
from tracker.settings import STORE_VARIABLE

POINTS = 5_000_000  # of one metric
HOUR = 3600  # seconds
STALL = 20  # seconds between two beats of a run that is slow and alive
BATCHES, BATCH = 100, 500  # calls of log_scalar
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Level:
    """A number that was measured, with the most or the least that was promised."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the number keeps the promise."""
        return (self.most is None or self.value <= self.most) and (
            self.least is None or self.value >= self.least
        )

    @property
    def line(self) -> str:
        """The level as a line of a table."""
        bound = f"at most {_short(self.most)}" if self.most is not None else f"at least {_short(self.least)}"
        measured = f"{_short(self.value):>10} {self.unit:<7}"
        return f"{self.name:<55} {measured} {bound:<28} {'met' if self.met else 'MISSED'}"


def _short(number: float | None) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def levels(repetitions: int, folder: Path) -> Iterator[Level]:
    """Every level, one after the other."""
    yield from ended_by_signals(repetitions, folder)
    yield from dead_or_slow()
    yield from cost_of_a_point(folder)
    yield long_metric(folder)


def ended_by_signals(repetitions: int, folder: Path) -> Iterator[Level]:
    """What is left of real runs that somebody ends."""
    killed = Row("SIGKILL", "dead", False, disturb=sent(signal.SIGKILL, 45), settings={"points": 60})
    asked = Row("SIGTERM", "INTERRUPTED", False, disturb=sent(signal.SIGTERM))
    lost = [one.seconds_lost for one in _outcomes(killed, repetitions, folder)]
    yield Level(f"SIGKILL: of {repetitions} runs, the most that one loses", max(lost), "s", most=1)
    found = _outcomes(asked, repetitions, folder)
    kept = 100 * sum(one.points_kept for one in found) / sum(one.points for one in found)
    yield Level(f"SIGTERM: of {repetitions} runs, points that are kept", kept, "%", least=100)
    told = 100 * sum(one.status == "INTERRUPTED" for one in found) / repetitions
    yield Level("SIGTERM: runs that are told as interrupted", told, "%", least=100)


def dead_or_slow() -> Iterator[Level]:
    """How long a run without a beat is taken for alive, and how often a slow one for dead, by the second."""
    alone = Run(id=1, experiment="e", status="RUNNING", config={}, seed=1, command="", started=BEGAN,
                heartbeat=BEGAN, stopped=None)  # fmt: skip
    silent = [s for s in range(HOUR) if alone.state(BEGAN + timedelta(seconds=s)) == "running"]
    yield Level("a run is taken for alive after its last beat", max(silent), "s", most=30)
    slow = (
        _beaten(alone, second - second % STALL).state(BEGAN + timedelta(seconds=second))
        for second in range(HOUR)
    )
    yield Level(
        f"looks in an hour of {STALL} s pauses that call it dead", sum(s == "dead" for s in slow), "", 0
    )


def cost_of_a_point(folder: Path) -> Iterator[Level]:
    """The processor time of `log_scalar` on a float, in a run that is recorded."""
    batches, calls = _alone(_logged, folder)
    yield Level("a call of log_scalar, median", statistics.median(batches), "µs", most=10)
    yield Level(
        "a call of log_scalar, the slowest but 1 of 100", sorted(calls)[-len(calls) // 100], "µs", 100
    )


def long_metric(folder: Path) -> Level:
    """The points of one long metric that come back."""
    _alone(write_points, folder / "long", POINTS, 1000)
    return Level(
        "points of one metric that are read back", _alone(_count, folder / "long" / "1"), "", least=POINTS
    )


def _outcomes(row: Row, repetitions: int, folder: Path) -> list[Outcome]:
    return [measure(row, "ours", folder / f"{row.name}-{number}") for number in range(repetitions)]


def _beaten(run: Run, second: int) -> Run:
    return replace(run, heartbeat=BEGAN + timedelta(seconds=second))


def _logged(folder: Path) -> tuple[list[float], list[float]]:
    """Microseconds for each call: the means of batches, and single calls with what the clock itself takes."""
    from tracker.recording import Experiment, record

    os.environ[STORE_VARIABLE] = str(folder / "cost")
    logging.disable(logging.INFO)  # that a run begins and ends is no news here
    experiment = Experiment("cost", save_git_info=False)
    record(experiment)
    batches: list[float] = []
    calls: list[float] = []

    def main(_run: Any) -> None:
        for _ in range(BATCHES):
            began = time.thread_time()
            for step in range(BATCH):
                _run.log_scalar("loss", 0.5, step)
            batches.append((time.thread_time() - began) / BATCH * 1e6)
        for step in range(BATCHES * BATCH):
            began = time.thread_time()
            _run.log_scalar("other", 0.5, step)
            calls.append((time.thread_time() - began) * 1e6)

    experiment.main(main)
    experiment.run()
    return batches, calls


def _count(folder: Path) -> int:
    return len(read_values(folder, "loss")[0])


def _alone(work: Callable[..., Any], *arguments: Any) -> Any:
    """What the work returns in a fresh process."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main() -> int:
    """Print every level; the exit status says whether all of them are met."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        for level in levels(int(sys.argv[1]) if len(sys.argv) > 1 else 10, Path(folder)):
            click.echo(level.line)
            missed += not level.met
    click.echo(f"{missed} missed")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
