"""The whole walk: a run started by hand becomes a row of the table."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pandas
import pytest

from tracker import open_store

ROOT = Path(__file__).parents[2]


def command(*words: str, **environ: str) -> None:
    answer = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "TRACKER_STORE": "", **environ},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert answer.returncode == 0, answer.stderr


def test_a_run_started_by_hand_stands_in_the_right_row_of_the_demo(tmp_path: Path, data: Path) -> None:
    store = str(tmp_path / "runs")
    command(*["-m", "experiments.bn_only", "with", "smoke", "seed=3"], f"data_dir={data}", "-F", store)

    export = "from tracker.cli import main; main()"
    command("-c", export, "export", "sweeps/demo.yaml", str(tmp_path / "tree.csv"), "--store", store)

    table = pandas.read_csv(tmp_path / "tree.csv", dtype=str, keep_default_na=False).set_index("node")
    assert dict(table["run_ids"]) == {
        "batchnorm": "[1]",
        "batchnorm/bn-only": "[1]",
        "batchnorm/frozen-bn": "[]",
        "batch-size": "[]",
    }
    assert table.loc["batchnorm/bn-only", "status"] == "running"
    assert table.loc["batchnorm/bn-only", "skill"].startswith("bn_only ")


@pytest.mark.mongo
def test_sacreds_own_option_records_in_mongodb(tmp_path: Path, data: Path, mongo_address: str) -> None:
    parts = urlsplit(mongo_address)
    tiny = [
        "with",
        "smoke",
        "subset=200",
        "test_subset=100",
        "epochs=1",
        "batch_size=32",
        "width=4",
        "seed=1",
    ]

    place = mongo_address if parts.username else f"{parts.netloc}:{parts.path[1:]}"
    settings = [*tiny, f"data_dir={data}"]
    command("-m", "experiments.full", *settings, "-m", place, TRACKER_FOLDER=str(tmp_path / "runs"))

    store = open_store(mongo_address)
    (run,) = store.runs()
    assert run.experiment == "full"
    assert len(store.series(run, "test.accuracy").values) == 1
