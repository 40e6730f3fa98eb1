"""What happens to several runs, or while somebody reads."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.losses_measure import read
from benchmarks.losses_rows import QUICK_BEAT
from benchmarks.losses_scene import Ledger, Scene

KILLS = 10
READS = 0.002  # seconds between two
HEAVY = {"points": 40_000, "pause": 0.00005, "line": 20}


@dataclass(frozen=True)
class Told:
    """What one side did, in words for the table."""

    points: str
    lines: str
    status: str
    note: str = ""


def number_then_automatic(scene: Scene) -> Told:
    """A run that is called 7, then one that gets its number by itself."""
    scene.start("", (*QUICK_BEAT, "-i", "7"), points=5)
    first = scene.end()
    scene.start("", QUICK_BEAT, points=5)
    second = scene.end()
    record = read(scene, "8")
    kept, lines = record.points_kept(second.ledger), record.lines_kept(second.ledger)
    error = next((line for line in second.output.splitlines() if line.startswith("TypeError")), "")
    note = f"the second run ends with `{error}`" if error else ""
    assert first.ledger.points
    return Told(f"{kept} of 5", f"{lines} of 5", record.status, note)


def deleted_then_again(scene: Scene) -> Told:
    """The newest run is deleted as Omniboard does it, then another one starts."""
    from pymongo import MongoClient

    scene.start("", QUICK_BEAT, points=5)
    scene.end()
    with MongoClient[dict[str, object]](scene.database) as client:
        client.losses.runs.delete_one({"_id": 1})
    scene.start("", QUICK_BEAT, points=5)
    second = scene.end()
    from benchmarks.losses_measure import on_server

    number = "1" if scene.side == "stock" else "2"
    record = on_server(scene, number)
    foreign = len(record.steps) - record.points_kept(second.ledger)
    note = f"is run {number}" + (f", its curve has {foreign} points of the deleted run" if foreign else "")
    return Told(
        f"{record.points_kept(second.ledger)} of 5",
        f"{record.lines_kept(second.ledger)} of 5",
        record.status,
        note,
    )


def read_while_running(scene: Scene) -> Told:
    """Somebody reads the files of a run that logs 40,000 points."""
    scene.start("", QUICK_BEAT, **HEAVY)
    scene.wait_for(1)
    counts: dict[str, list[int]] = {}
    while scene.process.poll() is None:
        for name in ("run.json", "config.json", "metrics.json"):
            if (scene.store / "1" / name).exists():
                counts.setdefault(name, [0, 0])[_is_torn(scene.store / "1" / name)] += 1
        time.sleep(READS)
    ledger, record = scene.end().ledger, read(scene)
    torn = [f"{name} {bad} of {good + bad} reads" for name, (good, bad) in counts.items() if bad]
    seen = ", ".join(f"{name} {good}" for name, (good, _) in counts.items())
    note = f"torn: {', '.join(torn)}" if torn else f"no torn read ({seen})"
    kept, lines = record.points_kept(ledger), record.lines_kept(ledger)
    points = f"{kept} of {len(ledger.points)}"
    return Told(points, f"{lines} of {len(ledger.lines)}", record.status, note)


def killed_at_random(scene: Scene) -> Told:
    """kill -9 at random moments of runs that log heavily."""
    chance = random.Random(scene.side == "stock")
    shares, lost, torn = [], [], []
    for number in range(1, KILLS + 1):
        scene.start("", QUICK_BEAT, **HEAVY)
        scene.wait_for(1)
        time.sleep(chance.uniform(0.5, 3.0))
        os.kill(scene.process.pid, signal.SIGKILL)
        ledger: Ledger = scene.end().ledger
        record = read(scene, str(number))
        end = max(moment for moment, _ in ledger.points)
        shares.append(record.points_kept(ledger) / len(ledger.points))
        lost.append(record.seconds_lost(ledger, end))
        torn += record.torn
    note = f"up to {max(lost):.1f} s lost; {len(torn)} torn files in {KILLS} kills"
    return Told(f"{100 * min(shares):.0f} % to {100 * max(shares):.0f} %", "", "RUNNING", note)


def _is_torn(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return True
    except FileNotFoundError:
        return False
    return False
