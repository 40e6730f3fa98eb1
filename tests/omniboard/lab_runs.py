"""Runs of the lab's experiment, of every fate."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.omniboard.running import Board

SCRIPT = Path(__file__).with_name("lab.py")
QUESTIONS = """
version: 1
metric: {name: test.accuracy, unit: "%"}
defaults: {experiment: lab, launch: python lab.py, seeds: [1, 2], context: test lab, setup: {fate: well}}
tree:
  - {id: depth, question: "Does depth help?", parameter: depth, values: [20, 32], baseline: 20}
"""
RECORDED = {
    "shallow": ("seed=1",),
    "shallow again": ("seed=2",),
    "deep": ("seed=1", "depth=32"),
    "deep again": ("seed=2", "depth=32"),
    "diverged": ("seed=3", "fate=diverges"),
    "failed": ("seed=4", "fate=fails"),
    "stopped": ("seed=5", "fate=stops"),
    "queued": ("seed=6", "-q"),
}
WRITTEN = {  # by hand, because they take too long to happen
    "running": (101, "RUNNING", timedelta()),
    "dead": (102, "RUNNING", timedelta(hours=1)),
    "timed out": (103, "TIMEOUT", timedelta(hours=2)),
}


@dataclass(frozen=True)
class Lab:
    """A board with runs of every fate, and the tracker's columns and tags."""

    board: Board
    folder: Path  # the runs' own
    ids: Mapping[str, int]  # by the names of RECORDED and WRITTEN
    line: str  # for the browser's console

    def place(self, name: str) -> int:
        """The row of a run in the table, which begins with the newest."""
        return sorted(self.ids.values(), reverse=True).index(self.ids[name])


def lab_environment(store: str, folder: Path) -> dict[str, str]:
    own = {"TRACKER_STORE": store, "TRACKER_FOLDER": str(folder / "runs"), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own}


def run_lab(store: str, folder: Path, *words: str) -> int:
    """One run; the id that Sacred tells."""
    folder.mkdir(parents=True, exist_ok=True)
    options, updates = [word for word in words if word.startswith("-")], [w for w in words if "=" in w]
    script = folder.parent / SCRIPT.name
    if not script.exists():
        script.write_text(SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-W", "ignore", str(script), *options, "with", *updates]
    environment = lab_environment(store, folder.parent)
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    told = [line for line in done.stderr.splitlines() if " run with ID " in line]
    assert told, done.stderr
    return int(told[0].split('"')[1])


def record_lab(board: Board, folder: Path) -> dict[str, int]:
    """A run of every fate; their ids by name."""

    def one(name: str) -> int:
        return run_lab(board.address, folder / name, *RECORDED[name])

    with ThreadPoolExecutor(3) as pool:
        ids = dict(zip(RECORDED, pool.map(one, RECORDED), strict=True))
    whole: dict[str, Any] = board.database.runs.find_one(ids["shallow"])
    for id, status, ago in WRITTEN.values():
        now = datetime.now(UTC) - ago
        times = {"start_time": now - timedelta(minutes=1), "heartbeat": now, "stop_time": None}
        info = {"tracker": {"uuid": f"{id:032x}"}, "metrics": []}
        board.database.runs.insert_one({**whole, **times, "_id": id, "status": status, "info": info})
    return {**ids, **{name: id for name, (id, _, _) in WRITTEN.items()}}


def sync(store: str, *words: str) -> str:
    """What `tracker omniboard sync` prints."""
    code = "from tracker.cli import main; main()"
    command = [sys.executable, "-c", code, "omniboard", "sync", "--store", store, *words]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
