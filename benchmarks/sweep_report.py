"""The page that tells what was measured of sweeps."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.sweep_measure import QUIET, Measured
from benchmarks.sweep_scene import RUNS, WORKERS

BASE, OURS = "one by one", "sweeps run"
FASTER, BESIDE = 1.6, 0.15  # the bars: times one by one; processor seconds beside a run


def report(found: Mapping[str, Sequence[Measured]], rounds: int, seconds: float) -> str:
    """The page, in Markdown."""
    return "\n".join([*_head(found, rounds, seconds), *_table(found), "", *_bars(found), ""])


def _head(found: Mapping[str, Sequence[Measured]], rounds: int, seconds: float) -> Iterator[str]:
    passes = [one for several in found.values() for one in several]
    yield "# Speed of sweeps"
    yield ""
    call = f"python -m benchmarks.sweep --rounds {rounds} --seconds {seconds:g}"
    yield f"Written on {datetime.now(UTC):%Y-%m-%d} by `{call}`."
    yield ""
    yield f"Machine: {_processor()}, {os.cpu_count()} CPUs, {platform.system()} {platform.release()};"
    yield f"Python {platform.python_version()}."
    yield ""
    yield f"{RUNS} runs, each a process that Sacred records,"
    yield f"which computes for {seconds:g} s on a quiet machine; {WORKERS} at once, but for the first way."
    yield f"Every way was gone {len(passes) // len(found)} times, in the order A B B A,"
    yield "each time from an empty store, and afterwards each run was recorded once."
    dirty = sum(one.is_dirty for one in passes)
    yield f"In {dirty} of {len(passes)} passes other processes used more than {QUIET:g} cores."
    yield ""


def _table(found: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    yield "| way | runs an hour | times one by one, in the same pass | CPU seconds beside a run |"
    yield "|---|---|---|---|"
    for way, passes in found.items():
        hour = _told([one.per_hour for one in passes], 0)
        beside = _told(_beside(found, way), 3)
        yield f"| {way} | {hour} | {_told(_times(found, way), 2)} | {beside} |"


def _bars(found: Mapping[str, Sequence[Measured]]) -> Iterator[str]:
    times, beside = median(_times(found, OURS)), median(_beside(found, OURS))
    yield "A cell is a median, then the least to the most."
    yield "CPU seconds beside a run are those of everything that the way starts, less those of the runs,"
    yield "less the same of one by one: every run starts small processes, too, that copy its output."
    yield ""
    yield f"- `{OURS}`: at least {FASTER:g} times one by one: {times:.2f}, {_met(times >= FASTER)}."
    yield f"- `{OURS}`: under {BESIDE:g} CPU seconds beside a run: {beside:.3f}, {_met(beside < BESIDE)}."


def _beside(found: Mapping[str, Sequence[Measured]], way: str) -> list[float]:
    return [one.overhead - base.overhead for base, one in zip(found[BASE], found[way], strict=True)]


def _times(found: Mapping[str, Sequence[Measured]], way: str) -> list[float]:
    return [base.wall / one.wall for base, one in zip(found[BASE], found[way], strict=True)]


def _told(numbers: Sequence[float], places: int) -> str:
    return f"{median(numbers):,.{places}f}, {min(numbers):,.{places}f} to {max(numbers):,.{places}f}"


def _met(met: bool) -> str:
    return "met" if met else "MISSED"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
