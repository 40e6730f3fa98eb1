"""The command `sweeps plan`: data to stdout, words to stderr, nothing started."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sweeps.stored import store_run

Sweeps = Callable[..., subprocess.CompletedProcess[str]]


def test_words_go_to_stderr_so_that_commands_can_go_to_a_file(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("plan", "questions.yaml")
    assert all(line.startswith("python toy.py with ") for line in answer.stdout.splitlines())
    assert "6 runs to start" in answer.stderr
    assert "expected time: unknown" in answer.stderr
    assert not (place / "runs").exists()


def test_a_table_can_be_asked_for(sweeps: Sweeps) -> None:
    answer = sweeps("plan", "questions.yaml", "--table")
    assert answer.returncode == 0, answer.stderr
    assert "each takes" in answer.stdout
    assert "no run yet" in answer.stdout
    assert "python" not in answer.stdout


def test_csv_goes_to_stdout_or_to_a_file(place: Path, sweeps: Sweeps) -> None:
    printed = sweeps("plan", "questions.yaml", "--csv")
    written = sweeps("plan", "questions.yaml", "--csv", "out/missing.csv")
    assert printed.stdout.startswith("order,node,value,seed,why,state,priority,expected_seconds,")
    assert (place / "out" / "missing.csv").read_text(encoding="utf-8-sig") == printed.stdout
    assert written.stdout == ""
    assert "wrote out/missing.csv" in written.stderr


def test_json_is_one_document(sweeps: Sweeps) -> None:
    document = json.loads(sweeps("plan", "questions.yaml", "--json", "--workers", "2").stdout)
    assert document["workers"] == 2
    assert [job["order"] for job in document["jobs"]] == [1, 2, 3, 4, 5, 6]
    assert document["jobs"][0]["also_for"] == ["again"]


def test_two_formats_at_once_are_refused(sweeps: Sweeps) -> None:
    answer = sweeps("plan", "questions.yaml", "--json", "--csv", "a.csv")
    assert answer.returncode == 2
    assert "--csv and --json are two formats; take one" in answer.stderr


def test_only_failed_runs_can_be_asked_for(place: Path, sweeps: Sweeps) -> None:
    store_run(place / "runs", {"act": "succeed", "x": 3, "seed": 2}, {}, status="FAILED")
    answer = sweeps("plan", "questions.yaml", "--failed")
    assert answer.stdout.splitlines() == ["python toy.py with act=succeed x=3 seed=2  # failed"]


@pytest.fixture
def two_seeds(place: Path) -> Path:
    """Every run of both questions, which is too few seeds for a verdict."""
    for x in (1, 2, 3):
        for seed in (1, 2):
            config = {"act": "succeed", "x": x, "seed": seed}
            store_run(place / "runs", config, {"test.accuracy": 10.0 * x + seed})
    return place


def test_a_plan_shows_the_seeds_that_verdicts_ask_for(two_seeds: Path, sweeps: Sweeps) -> None:
    before = (two_seeds / "questions.yaml").read_text()
    answer = sweeps("plan", "questions.yaml", "--more-seeds")
    assert [line.rpartition(" ")[2] for line in answer.stdout.splitlines()] == ["seed=3"] * 3
    assert "first: add more_seeds: [3]; about 3 seeds per value for a verdict" in answer.stderr
    assert "`sweeps run --more-seeds` writes them into questions.yaml" in answer.stderr
    assert (two_seeds / "questions.yaml").read_text() == before


def test_a_dry_run_does_not_write_seeds(two_seeds: Path, sweeps: Sweeps) -> None:
    answer = sweeps("run", "questions.yaml", "--more-seeds", "--dry-run")
    assert answer.returncode == 2
    assert "`sweeps plan --more-seeds` shows it" in answer.stderr
    assert "more_seeds" not in (two_seeds / "questions.yaml").read_text()


def test_without_an_open_verdict_nothing_is_added(sweeps: Sweeps) -> None:
    assert "no open verdict asks for more seeds" in sweeps("plan", "questions.yaml", "--more-seeds").stderr
