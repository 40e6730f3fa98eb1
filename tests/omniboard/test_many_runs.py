"""Hundreds of runs that were recorded without a server are all in Omniboard after one push."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.omniboard.lab_runs import run_lab, sync
from tests.omniboard.pages import columns, open_table, table
from tracker.journal.writer import RunJournal

pytestmark = pytest.mark.mongo

MANY = 200


def write_runs(store: Path, first: Path) -> None:
    """As many more runs as are missing, each like the recorded one but for its seed and its numbers."""
    record = json.loads((first / "journal.jsonl").read_text(encoding="utf-8").splitlines()[0])["record"]
    begun = datetime.now(UTC) - timedelta(hours=1)
    for seed in range(2, MANY + 1):
        config = {**record["config"], "seed": seed}
        journal = RunJournal.start(store, {**record, "config": config}, now=begun)
        times = [int(begun.timestamp() * 1e6) + 1000 * step for step in range(5)]
        journal.add_points("train.loss", range(1, 6), [2 / step for step in range(1, 6)], times)
        journal.add_points("test.accuracy", [5], [seed / 4], times[:1])
        journal.add_output(f"run with seed {seed}\n")
        journal.end("COMPLETED", begun + timedelta(minutes=5), result=seed / 4, elapsed=300.0)


def test_a_push_of_two_hundred_runs_shows_them_all(start_board: Any, page: Any, tmp_path: Path) -> None:
    board, store = start_board(), tmp_path / "runs"
    id = run_lab(str(store), tmp_path / "first", "seed=1")
    write_runs(store, store / str(id))

    code = "from tracker.cli import main; main()"
    command = [sys.executable, "-c", code, "push", "--from", str(store), "--to", board.address]
    pushed = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert pushed.returncode == 0, pushed.stderr
    line = sync(board.address).splitlines()[-1]
    with urlopen(f"{board.url}/api/v1/Runs?select=_id,config,test_accuracy", timeout=60) as answer:
        served = {run["config"]["seed"]: run["test_accuracy"] for run in json.loads(answer.read())}
    open_table(page, board.url, line)

    assert set(served) == set(range(1, MANY + 1))
    assert all(served[seed] == seed / 4 for seed in range(2, MANY + 1))
    assert page.locator(".count-text").inner_text() == f"{MANY} experiments"
    assert "test_accuracy" in columns(page)
    assert all(row["test_accuracy"] for row in table(page).values())
