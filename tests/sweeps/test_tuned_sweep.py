"""Sweeps of real runs that tune settings, and that add seeds."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from tracker import open_store

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
TUNED = """
version: 1
metric: {name: test.accuracy}
defaults: {experiment: toy, launch: python toy.py, seeds: [1]}
tree:
  - id: tuned
    question: Does x matter?
    parameter: x
    values: [1, 2]
    baseline: 1
    nuisance: {nap: {low: 0.0, high: 0.3}}
    select_by: validation.accuracy
    tuning_seeds: [101]
    trials: 2
"""


def test_one_sweep_tries_chooses_and_reports(place: Path, sweeps: Sweeps) -> None:
    toy = (place / "toy.py").read_text()
    scored = toy.replace(
        "    return x\n", '    _run.log_scalar("validation.accuracy", 1.0 - nap, 1)\n    return x\n'
    )
    (place / "toy.py").write_text(scored)
    (place / "tuned.yaml").write_text(TUNED)

    answer = sweeps("run", "tuned.yaml")

    assert answer.returncode == 0, answer.stderr
    runs = list(open_store(str(place / "runs")).runs())
    assert Counter((run.config["x"], run.seed) for run in runs) == {
        (1, 101): 2, (2, 101): 2, (1, 1): 1, (2, 1): 1,
    }  # fmt: skip
    tried = {run.config["nap"] for run in runs if run.seed == 101}
    assert {run.config["nap"] for run in runs if run.seed == 1} == {min(tried)}


def test_a_sweep_with_more_seeds_writes_them_and_runs_them(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    answer = sweeps("run", "questions.yaml", "--more-seeds")

    assert answer.returncode == 0, answer.stderr
    assert "first: add more_seeds: [3]; about 3 seeds per value for a verdict" in answer.stderr
    assert (place / "questions.yaml").read_text().count("more_seeds: [3]") == 2
    seeds = Counter(run.seed for run in open_store(str(place / "runs")).runs())
    assert seeds == {1: 3, 2: 3, 3: 3}
