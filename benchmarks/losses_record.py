"""What a store holds of a run, read as it was written, by neither side's own reader."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.losses_scene import Ledger, lines_in


@dataclass(frozen=True)
class Record:
    """What a reader finds."""

    steps: tuple[int, ...] = ()  # of the metric, doubled ones twice
    lines: frozenset[int] = frozenset()
    status: str = "no record"
    largest: int = 0  # bytes of the largest document
    torn: tuple[str, ...] = ()  # files that cannot be read

    def points_kept(self, ledger: Ledger) -> int:
        """Of those that were acknowledged."""
        return len(set(self.steps) & {step for _, step in ledger.points})

    @property
    def doubled(self) -> int:
        """Points that stand there more than once."""
        return len(self.steps) - len(set(self.steps))

    def lines_kept(self, ledger: Ledger) -> int:
        """Of those that were acknowledged."""
        return len(self.lines & {step for _, step in ledger.lines})

    def seconds_lost(self, ledger: Ledger, end: float) -> float:
        """How long before `end` the first point was acknowledged that is not there."""
        return max((end - moment for moment, step in ledger.points if step not in self.steps), default=0.0)


def stock_record(store: Path, id: str = "1") -> Record:
    """A run of stock Sacred's FileStorageObserver."""
    folder, torn = store / id, []
    contents: dict[str, Mapping[str, Any]] = {}
    for name in ("run.json", "config.json", "metrics.json", "info.json"):
        try:
            contents[name] = json.loads((folder / name).read_bytes())
        except FileNotFoundError:
            contents[name] = {}
        except ValueError:
            torn.append(name)
            contents[name] = {}
    output = (folder / "cout.txt").read_text(errors="replace") if (folder / "cout.txt").exists() else ""
    steps = contents["metrics.json"].get("loss", {}).get("steps", [])
    status = contents["run.json"].get("status", "no record")
    return Record(tuple(steps), frozenset(lines_in(output)), str(status), torn=tuple(torn))


def our_record(store: Path, id: str = "1") -> Record:
    """A run of ours: the lines of its journal's files, and nothing that was made of them later."""
    from tracker.journal.reader import read_output, read_points, read_record

    found = read_record(store / id)
    if found is None:
        return Record()
    steps = (int(step) for step in read_points(store / id, "loss").steps)
    torn = (found.fault,) if found.fault else ()
    lines = frozenset(lines_in(read_output(store / id)))
    return Record(tuple(steps), lines, str(found.document.get("status")), torn=torn)


def server_record(database: Any, id: int | str = 1) -> Record:
    """A run on a server, of either side; a thinned metric from its chunks."""
    from bson import encode

    document = database.runs.find_one({"_id": id})
    if document is None:
        return Record()
    metrics = list(database.metrics.find({"run_id": id, "name": "loss"}))
    chunks = (
        list(database.tracker_points.find({"name": "loss"}))
        if any("thinned" in found for found in metrics)
        else []
    )
    steps = [int(step) for part in (chunks or metrics) for step in part["steps"]]
    largest = max(len(encode(found)) for found in (document, *metrics, *chunks))
    output = str(document.get("captured_out") or "")
    return Record(tuple(steps), frozenset(lines_in(output)), str(document.get("status")), largest)
