"""The page of results says what it rests on, what was found, and what was not run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tracker import load_questions

ROOT = Path(__file__).parents[2]
ASKED = """
version: 1
metric: {name: loss, goal: minimize}
defaults: {experiment: tiny, launch: python tiny.py, seeds: [1]}
tree:
  - {id: rate, question: "Which rate?", parameter: lr, values: [0.1, 0.2], baseline: 0.1, setup: {points: 3}}
  - {id: length, question: "How long?", parameter: points, values: [5, 6], baseline: 5}
"""


def test_the_page_tells_its_runs_its_answers_and_what_is_open(tmp_path: Path, record_run) -> None:  # type: ignore[no-untyped-def]
    questions, store = tmp_path / "q.yaml", tmp_path / "runs"
    questions.write_text(ASKED)
    for rate in (0.1, 0.2):
        record_run(store, f"lr={rate}")

    command = [sys.executable, "-m", "benchmarks.results", questions, store, "--only", "rate"]
    told = subprocess.run(
        [*map(str, command), "--note", "The runs are tiny."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert "2 runs with the seeds 1." in told
    assert "The runs are tiny." in told
    assert "### rate" in told
    assert "lr=0.1" in told
    assert "- length: How long?" in told.split("## Not run at this size")[1]
    assert "- rate:" not in told.split("## Not run at this size")[1]


def test_make_results_asks_questions_that_the_file_has() -> None:
    text = (ROOT / "Makefile").read_text()
    asked = text.split("ASKED := $(addprefix --only ,")[1].split(")")[0].replace("\\", "").split()
    known = {one.node for one in load_questions(Path("sweeps/batchnorm.yaml@cpu")).walk()}

    assert len(asked) >= 12
    assert set(asked) <= known
