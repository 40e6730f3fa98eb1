"""One row, one side, one repetition: what was acknowledged, what is there afterwards."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.losses_record import Record, our_record, server_record, stock_record
from benchmarks.losses_rows import Row
from benchmarks.losses_scene import Ended, Scene

PAUSE = 0.1  # seconds between two points, where a row says nothing else


@dataclass(frozen=True)
class Outcome:
    """What one repetition gave."""

    points: int  # acknowledged
    points_kept: int
    lines: int
    lines_kept: int
    doubled: int
    status: str
    seconds: float  # from the start to the end of the process, without what main takes
    seconds_lost: float  # how long before the end of the ledger the first lost point was acknowledged
    largest: int = 0  # bytes of the largest document on the server
    on_server: int | None = None  # points on the server when the run had ended
    pushed: int | None = None  # points there after `tracker push`, where it was needed
    torn: tuple[str, ...] = ()  # files that cannot be read
    refused: bool = False
    killed: bool = False


def measure(row: Row, side: str, folder: Path) -> Outcome:
    """Runs it."""
    scene = Scene(folder, side, row.on_server)
    try:
        if row.before:
            row.before(scene)
        scene.start(row.act, row.options, **row.settings)
        if row.disturb:
            row.disturb(scene)
        ended = scene.end()
        scene.start_server()
        return _outcome(row, scene, ended)
    finally:
        scene.close()


def _outcome(row: Row, scene: Scene, ended: Ended) -> Outcome:
    ledger = ended.ledger
    found = there = read(scene)
    pushed = None
    if scene.server and scene.side == "ours":
        there = on_server(scene)
        if there.points_kept(ledger) < len(ledger.points) and push(scene):
            pushed = on_server(scene).points_kept(ledger)
    last = max([moment for moment, _ in (*ledger.points, *ledger.lines)], default=0.0)
    pause = float(str(row.settings.get("pause", PAUSE)))
    inside = pause * len(ledger.points) or (ledger.ended or last) - ledger.begun
    return Outcome(
        points=len(ledger.points),
        points_kept=found.points_kept(ledger),
        lines=len(ledger.lines),
        lines_kept=found.lines_kept(ledger),
        doubled=max(found.doubled, there.doubled),
        status=found.status,
        seconds=ended.seconds - inside,
        seconds_lost=found.seconds_lost(ledger, last),
        largest=there.largest,
        on_server=there.points_kept(ledger) if scene.server else None,
        pushed=pushed,
        torn=found.torn,
        refused=not ledger.begun and "Refused" in ended.output,
        killed=ended.killed,
    )


def read(scene: Scene, id: str = "1") -> Record:
    """The run where its side keeps it."""
    if scene.side == "ours":
        return our_record(scene.store, id)
    return on_server(scene, id) if scene.server else stock_record(scene.store, id)


def push(scene: Scene) -> bool:
    """`tracker push` of the scene's runs."""
    tracker = str(Path(sys.executable).with_name("tracker"))
    command = [tracker, "push", "--from", str(scene.store), "--to", scene.database]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if answer.returncode:
        sys.stderr.write(answer.stderr)
    return answer.returncode == 0


def on_server(scene: Scene, id: str = "1") -> Record:
    from pymongo import MongoClient

    with MongoClient[dict[str, object]](scene.database) as client:
        return server_record(client.losses, int(id))
