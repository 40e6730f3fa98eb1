"""The whole walk: a run started by hand becomes a row of the table."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

import pandas
import pytest
from click.testing import CliRunner

from tests.forked import run_module
from tracker import open_store
from tracker.cli import main as tracker

ROOT = Path(__file__).parents[2]


def train(experiment: str, *words: str, **environ: str) -> None:
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "TRACKER_STORE": "", **environ}
    answer = run_module(f"experiments.{experiment}", *words, cwd=ROOT, environ=environ)
    assert answer.returncode == 0, answer.stderr


def test_a_run_started_by_hand_stands_in_the_right_row_of_the_demo(tmp_path: Path, data: Path) -> None:
    store = str(tmp_path / "runs")
    train("bn_only", "with", "smoke", "seed=3", f"data_dir={data}", "-F", store)

    words = ["export", str(ROOT / "sweeps/demo.yaml"), str(tmp_path / "tree.csv"), "--store", store]
    answer = CliRunner().invoke(tracker, words)
    assert answer.exit_code == 0, answer.output

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
    train("full", *settings, "-m", place, TRACKER_FOLDER=str(tmp_path / "runs"))

    store = open_store(mongo_address)
    (run,) = store.runs()
    assert run.experiment == "full"
    assert len(store.series(run, "test.accuracy").values) == 1
