"""What happens to several runs, or while somebody reads."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient

from benchmarks.losses_document import kept_of
from benchmarks.losses_measure import on_server, read
from benchmarks.losses_record import server_record
from benchmarks.losses_rows import QUICK_BEAT
from benchmarks.losses_scene import Ledger, Scene
from tests.omniboard.running import MODULES
from tests.omniboard.running import Server as NodeServer

KILLS = 10
MANY = 400_000  # points: 43 bytes each, so that they are more than 16 MiB
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
    return Told(kept_of([(kept, 5)]), kept_of([(lines, 5)]), record.status, note)


def deleted_then_again(scene: Scene) -> Told:
    """The newest run is deleted as Omniboard does it, then another one starts."""
    scene.start("", QUICK_BEAT, points=5)
    scene.end()
    with MongoClient[dict[str, object]](scene.database) as client:
        client.losses.runs.delete_one({"_id": 1})
    scene.start("", QUICK_BEAT, points=5)
    second = scene.end()
    number = "1" if scene.side == "stock" else "2"
    record = on_server(scene, number)
    foreign = len(record.steps) - record.points_kept(second.ledger)
    note = f"is run {number}" + (f", its curve has {foreign} points of the deleted run" if foreign else "")
    return Told(
        kept_of([(record.points_kept(second.ledger), 5)]),
        kept_of([(record.lines_kept(second.ledger), 5)]),
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
    points, printed = kept_of([(kept, len(ledger.points))]), kept_of([(lines, len(ledger.lines))])
    return Told(points, printed, record.status, note)


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


def many_points(scene: Scene) -> Told:
    """400,000 points in one metric, on a server that keeps to MongoDB's limit."""
    if shutil.which("node") is None or not (MODULES / "mingo").exists():
        return Told("not measured", "", "", "needs Node: `make omniboard-tools`")
    server = NodeServer(scene.folder)
    try:
        scene.start_at(f"{server.address}/losses", points=MANY, pause=0, line=0)
        ledger = scene.end().ledger
        with MongoClient[dict[str, object]](server.address) as client:
            record = server_record(client.losses)
    finally:
        server.stop()
    kept = record.points_kept(ledger)
    note = f"largest document {record.largest / 2**20:.1f} MiB"
    return Told(kept_of([(kept, len(ledger.points))]), "", record.status, note)


def _is_torn(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return True
    except FileNotFoundError:
        return False
    return False
