"""Runs that are trained at once are recorded as if each had been trained by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.at_once.conftest import run

TINY = (
    "with",
    "smoke",
    "subset=200",
    "test_subset=100",
    "epochs=2",
    "batch_size=32",
    "width=4",
    "precision=fp32",
)


def records(store: Path) -> dict[int, dict[str, Any]]:
    """By seed."""
    found = {}
    for folder in store.iterdir():
        if folder.name.isdecimal():
            record = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
            found[record["config"]["seed"]] = record
    return found


def test_each_seed_has_the_record_that_it_has_alone(tmp_path: Path, data: Path) -> None:
    words = (*TINY, f"data_dir={data}")
    answer = run("experiments.at_once", "bn_only", "--seeds", "3", "4", *words, store=tmp_path / "at_once")
    assert answer.returncode == 0, answer.stderr
    assert {line.split(": ")[0] for line in answer.stdout.splitlines()} == {"seed 3", "seed 4"}
    alone = run("experiments.bn_only", *words, "seed=4", store=tmp_path / "alone")
    assert alone.returncode == 0, alone.stderr

    found, other = records(tmp_path / "at_once"), records(tmp_path / "alone")[4]
    assert sorted(found) == [3, 4]
    mine = found[4]
    assert mine["run"]["status"] == "COMPLETED"
    assert mine["config"] == other["config"]
    assert mine["info"]["training"].pop("at_once") == [3, 4]
    assert mine["info"]["training"] == other["info"]["training"]
    assert mine["run"]["experiment"]["name"] == "bn_only"
    for made_of in ("dependencies", "sources", "mainfile"):
        assert mine["run"]["experiment"][made_of] == other["run"]["experiment"][made_of]
    assert mine["metrics"].keys() == other["metrics"].keys()
    for name, metric in other["metrics"].items():
        assert mine["metrics"][name]["steps"] == metric["steps"]
        assert mine["metrics"][name]["values"] == pytest.approx(metric["values"], rel=1e-3, abs=1e-3), name
    assert sorted(mine["run"]["artifacts"], key=str) == sorted(other["run"]["artifacts"], key=str)
