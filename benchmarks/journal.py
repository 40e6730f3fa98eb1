"""What a journal costs: a metric of five million points, and a thousand runs that a store reads.

    python -m benchmarks.journal [--points 5000000] [--batch 1000] [--runs 1000]

Every step runs in a process of its own, whose largest memory is told.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.journal.layout import HEARTBEAT, JOURNAL, METRICS, POINTS
from tracker.journal.reader import metric_names, new_points, read_points, read_values
from tracker.journal.sacred_files import write_sacred_files
from tracker.journal.writer import RunJournal
from tracker.stores import open_store

START = 1_763_690_000_000_000  # microseconds since the epoch
RECORD: dict[str, Any] = {
    "experiment": {"name": "tiny", "sources": [], "dependencies": [f"package{i}==1.{i}" for i in range(80)]},
    "command": "main",
    "config": {"seed": 3, **{f"setting{i}": i / 2 for i in range(20)}},
    "host": {"hostname": "here", "os": ["Linux", "6.1"]},
    "meta": {"command": "main", "options": {f"--option{i}": None for i in range(20)}},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("points", 5_000_000), ("batch", 1000), ("runs", 1000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        long, folder = Path(place) / "long", Path(place) / "long" / "1"
        measured("write, flushed by batch", write_points, long, options.points, options.batch)
        size = (folder / POINTS).stat().st_size / 1e6
        measured("lay out Sacred's metrics.json", write_sacred_files, folder)
        laid_out = (folder / METRICS).stat().st_size / 1e6
        measured("read all points", read_points, folder, "loss")
        measured("read all values", read_values, folder, "loss")
        measured("read on from byte to byte", read_on, folder)
        measured("name the metrics", metric_names, folder)
        say(f"{POINTS}: {size:.0f} MB, {METRICS}: {laid_out:.0f} MB")
        measured(f"write {options.runs} runs", write_runs, Path(place) / "many", options.runs)
        measured("read them by their journals", read_runs, Path(place) / "many")
        for run in (Path(place) / "many").glob("[0-9]*"):
            for name in (JOURNAL, POINTS, HEARTBEAT):
                (run / name).unlink()
        measured("read them by Sacred's files", read_runs, Path(place) / "many")


def write_points(store: Path, points: int, batch: int) -> None:
    journal = RunJournal.start(store, RECORD, now=datetime.now(UTC))
    for first in range(0, points, batch):
        steps = range(first, first + batch)
        times = range(START + 700 * first, START + 700 * (first + batch), 700)
        journal.add_points("loss", steps, [1 / (step + 1) for step in steps], times)
        journal.flush()


def read_on(folder: Path) -> None:
    place = 0
    while (found := new_points(folder, place))[0]:
        place = found[1]


def write_runs(store: Path, runs: int) -> None:
    for _ in range(runs):
        journal = RunJournal.start(store, RECORD, now=datetime.now(UTC))
        journal.add_points("loss", range(200), [0.5] * 200, range(START, START + 200))
        journal.note_facts({"questions": ["depth"]})
        journal.flush()
        journal.end("COMPLETED", datetime.now(UTC), result=0.5)


def read_runs(store: Path) -> None:
    list(open_store(str(store)).runs())


def measured(what: str, work: Callable[..., Any], *arguments: Any) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(what, work, arguments))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{what} failed")


def _measure(what: str, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    before, began, used = _memory(), time.perf_counter(), time.process_time()
    work(*arguments)
    seconds, used = time.perf_counter() - began, time.process_time() - used
    say(f"{what:32} {seconds:6.2f} s, {used:6.2f} s of CPU, {_memory() - before:4.0f} MB more at most")


def _memory() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
