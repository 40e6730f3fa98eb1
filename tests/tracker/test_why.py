"""The commands that go behind a finding, over real runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Tracker = Callable[..., subprocess.CompletedProcess[str]]
QUESTIONS = """
version: 1
metric: {name: val.accuracy, unit: "%", sesoi: 1}
defaults: {experiment: tiny, launch: python tiny.py, seeds: [1]}
tree:
  - id: rates
    question: What do rates change?
    children:
      - {id: rate, question: "Does the rate matter?", parameter: lr, values: [0.1, 0.2], baseline: 0.1}
"""


@pytest.fixture
def tracker(tmp_path: Path) -> Tracker:
    """tracker("why", ...) runs the command in a folder with one run of two."""
    (tmp_path / "questions.yaml").write_text(QUESTIONS)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from tracker.cli import main; main()", *words],
            cwd=tmp_path,
            env={**os.environ, "TRACKER_STORE": ""},
            capture_output=True,
            text=True,
        )

    return run


def test_why_tells_the_formula_and_the_runs(
    tmp_path: Path, tracker: Tracker, record_run: Callable[..., None]
) -> None:
    record_run(tmp_path / "runs", "lr=0.2")

    one = tracker("why", "questions.yaml", "rates/rate.skill_mean")
    assert one.returncode == 0, one.stderr
    assert one.stdout.splitlines() == [
        "skill_mean = 52.0",
        "  the mean of val.accuracy of lr=0.2 over 1 seed: 52",
        "val.accuracy, last of its points, maximize, in 1 run",
        "  run 1  lr=0.2  seed 1  52 at step 20",
    ]
    assert tracker("why", "questions.yaml", "rates/rate").stdout.startswith("skill_mean = 52.0\n")


def test_the_end_of_a_path_names_its_question(tracker: Tracker) -> None:
    assert tracker("reproduce", "questions.yaml", "rate").stdout.count("python tiny.py") == 2
    assert tracker("why", "questions.yaml", "rate.status").stdout.startswith("status = planned\n")


def test_an_end_that_two_paths_share_names_neither(tmp_path: Path, tracker: Tracker) -> None:
    again = QUESTIONS.partition("tree:\n")[2].replace("id: rates", "id: more")
    (tmp_path / "questions.yaml").write_text(QUESTIONS + again)

    answer = tracker("reproduce", "questions.yaml", "rate")

    assert answer.returncode == 1
    assert "'rate' may be rates/rate or more/rate; say which" in answer.stderr


def test_reproduce_prints_every_command_beneath(tracker: Tracker) -> None:
    assert tracker("reproduce", "questions.yaml", "rates").stdout.splitlines() == [
        "python tiny.py with lr=0.1 seed=1",
        "python tiny.py with lr=0.2 seed=1",
    ]


def test_seal_keeps_what_was_found(tmp_path: Path, tracker: Tracker, record_run: Callable[..., None]) -> None:
    record_run(tmp_path / "runs", "lr=0.2")

    assert "1 finding sealed in questions.lock.json" in tracker("seal", "questions.yaml").stderr
    assert list(json.loads((tmp_path / "questions.lock.json").read_text())["findings"]) == ["rates/rate"]
    assert "nothing to seal" in tracker("seal", "questions.yaml", "--accept", "rates/rate").stderr

    record_run(tmp_path / "runs")
    assert "finding_state = stale" in tracker("why", "questions.yaml", "rates/rate.finding_state").stdout
    assert (
        "finding_reason = 1 run new (2)"
        in tracker("why", "questions.yaml", "rates/rate.finding_reason").stdout
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["why", "questions.yaml", "rates/rat"],
            "there is no question 'rates/rat'; did you mean 'rates/rate'?",
        ),
        (["why", "questions.yaml", "rates/rate.dlta"], "no column 'dlta'; did you mean 'delta'?"),
        (["reproduce", "questions.yaml", "x"], "there is no question 'x'; it takes rates, rates/rate"),
        (["seal", "questions.yaml", "--accept", "rat"], "there is no question 'rat'; did you mean 'rate'?"),
    ],
)
def test_a_node_that_is_not_there_is_named(tracker: Tracker, words: list[str], message: str) -> None:
    answer = tracker(*words)

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_part_of_the_tree_can_be_shown_and_exported(tmp_path: Path, tracker: Tracker) -> None:
    again = QUESTIONS.partition("tree:\n")[2].replace("id: rates", "id: more")
    (tmp_path / "questions.yaml").write_text(QUESTIONS + again)

    shown = tracker("tree", "questions.yaml", "--only", "more").stdout
    assert shown.count("0 of 2 runs done") == 1
    assert tracker("export", "questions.yaml", "part.csv", "--only", "more/rate").returncode == 0
    (header, *rows) = (tmp_path / "part.csv").read_text(encoding="utf-8-sig").splitlines()
    assert header.startswith("node,")
    assert [row.partition(",")[0] for row in rows if row.startswith(("rates", "more"))] == ["more/rate"]

    answer = tracker("tree", "questions.yaml", "--only", "mo")
    assert answer.returncode == 1
    assert "there is no question 'mo'; did you mean 'more'?" in answer.stderr
