"""The command `tracker`, as a process over real runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas
import pytest
from click.testing import CliRunner

from tracker.cli import main
from tracker.export.page.server import PageServer

UNREACHABLE = "mongodb://u:secret@127.0.0.1:9/db?serverSelectionTimeoutMS=100"
QUESTIONS = """
version: 1
metric: {name: val.accuracy, unit: "%"}
defaults: {experiment: tiny, launch: python tiny.py, seeds: [1, 2]}
tree:
  - {id: rate, question: "Does the rate matter?", parameter: lr, values: [0.1, 0.2], baseline: 0.1}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "questions.yaml").write_text(QUESTIONS)
    return tmp_path


@pytest.fixture
def tracker(place: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from tracker.cli import main; main()", *words],
            cwd=place,
            env={**os.environ, "TRACKER_STORE": "", "COLUMNS": "100", **environ},
            capture_output=True,
            text=True,
        )

    return run


Tracker = Callable[..., subprocess.CompletedProcess[str]]
Record = Callable[..., None]


def test_the_tree_of_an_empty_store_shows_what_is_planned(tracker: Tracker) -> None:
    answer = tracker("tree", "questions.yaml")

    assert answer.returncode == 0
    assert "Does the rate matter?" in answer.stdout
    assert "0 of 4 runs done" in answer.stdout


@pytest.mark.parametrize("words", ["tree", "export", "why", "runs", "reproduce"])
def test_a_store_that_is_not_there_is_named(place: Path, words: str) -> None:
    given = {"why": ["rate"], "reproduce": ["rate"], "export": [str(place / "tree.csv")]}.get(words, [])
    asked = [] if words == "runs" else [str(place / "questions.yaml")]
    store = place / "misspelt"

    answer = CliRunner().invoke(main, [words, *asked, *given, "--store", str(store)])

    assert answer.exit_code == 0
    assert f"{store} is not there" in answer.stderr
    store.mkdir()
    assert (
        CliRunner().invoke(main, [words, *asked, *given, "--store", str(store)]).stderr.count("not there")
        == 0
    )


def test_a_page_of_a_store_that_is_not_there_says_so_and_is_served(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageServer, "serve_forever", lambda _: None)
    words = ["serve", str(place / "questions.yaml"), "--port", "0", "--store", str(place / "misspelt")]

    answer = CliRunner().invoke(main, words)

    assert answer.exit_code == 0
    assert "misspelt is not there" in answer.stderr


def test_nothing_is_sealed_from_a_store_that_is_not_there(place: Path) -> None:
    answer = CliRunner().invoke(
        main, ["seal", str(place / "questions.yaml"), "--store", str(place / "misspelt")]
    )

    assert answer.exit_code == 1
    assert "misspelt is not there: name the folder that holds the runs." in answer.stderr
    assert not (place / "questions.lock.json").exists()


def test_a_recorded_run_appears_in_the_tree_and_in_the_table(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    record_run(place / "runs", "lr=0.2")

    assert "1 of 4 runs done" in tracker("tree", "questions.yaml").stdout
    assert tracker("export", "questions.yaml", "out/tree.csv").returncode == 0

    table = pandas.read_csv(place / "out/tree.csv", dtype=str, keep_default_na=False)
    assert table.loc[0, "node"] == "rate"
    assert table.loc[0, "status"] == "running"
    assert table.loc[0, "run_ids"] == "[1]"


def test_the_ten_columns_stand_in_their_order(place: Path, tracker: Tracker) -> None:
    tracker("export", "questions.yaml", "tree.csv")

    columns = list(pandas.read_csv(place / "tree.csv", dtype=str).columns)

    assert columns[:12] == [
        "node", "level", "sub_project", "context", "setup", "name", "parameter", "values", "status", "skill",
        "question", "finding",
    ]  # fmt: skip


def test_runs_are_listed_one_a_line(place: Path, tracker: Tracker, record_run: Record) -> None:
    record_run(place / "runs")
    record_run(place / "runs", "lr=0.2")

    answer = tracker("runs")

    lines = [line.split("\t") for line in answer.stdout.splitlines()]
    assert [line[:4] for line in lines] == [["1", "tiny", "done", "1"], ["2", "tiny", "done", "1"]]
    assert "2 runs in runs" in answer.stderr


def test_a_record_that_cannot_be_read_is_unreadable_and_says_why(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    record_run(place / "runs")
    (place / "runs" / "1" / "journal.jsonl").unlink(missing_ok=True)
    (place / "runs" / "1" / "run.json").write_text('{"status": "COMP')

    state, result = tracker("runs").stdout.rstrip("\n").split("\t")[2::4]
    assert (state, result) == ("unreadable", "(run.json is torn)")
    shown = tracker("show", "1").stdout
    assert "run 1  unreadable" in shown
    assert "run.json is torn" in shown


def test_a_run_is_shown_with_settings_metrics_and_facts(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    record_run(place / "runs", "lr=0.2")

    shown = tracker("show", "1").stdout

    assert "run 1  tiny  done" in shown
    assert "nested.depth" in shown
    assert "50 to 52 in 3 points up to step 20" in shown
    assert "all is well" in shown


@pytest.mark.mongo
def test_every_command_reads_mongodb_too(
    place: Path, tracker: Tracker, record_run: Record, mongo_address: str
) -> None:
    record_run(None, "lr=0.2", mongo=mongo_address)

    assert "1 of 4 runs done" in tracker("tree", "questions.yaml", TRACKER_STORE=mongo_address).stdout
    assert "1\ttiny\tdone" in tracker("runs", "--store", mongo_address).stdout
    assert "run 1  tiny  done" in tracker("show", "1", "--store", mongo_address).stdout


def test_the_settings_file_names_the_store(place: Path, tracker: Tracker, record_run: Record) -> None:
    record_run(place / "elsewhere")
    (place / "tracker.toml").write_text('store = "elsewhere"\n')

    assert "1 run in elsewhere" in tracker("runs").stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tree", "missing.yaml"], "missing.yaml"),
        (["export", "questions.yaml", "tree.pdf"], "names no format by its ending; write .csv"),
        (["export", "questions.yaml", "questions.yaml/tree.csv"], "cannot write"),
        (["show", "7"], "Run 7 is not in runs"),
        (["runs", "--store", "questions.yaml"], "questions.yaml is a file"),
        (["runs", "--store", UNREACHABLE], "No MongoDB answers"),
        (["tree"], "Missing argument 'QUESTIONS'"),
    ],
)
def test_bad_input_is_one_sentence_with_a_remedy(tracker: Tracker, words: list[str], message: str) -> None:
    answer = tracker(*words)

    assert answer.returncode in (1, 2)
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr
    assert "secret" not in answer.stderr


@pytest.mark.parametrize("content", ["store = 3", "stor = 'x'", "not toml"])
def test_a_wrong_settings_file_is_named(place: Path, tracker: Tracker, content: str) -> None:
    (place / "tracker.toml").write_text(content)

    answer = tracker("runs")

    assert answer.returncode == 1
    assert "tracker.toml" in answer.stderr


def test_check_says_that_a_file_is_sound(tracker: Tracker) -> None:
    assert tracker("check", "questions.yaml").stdout == "questions.yaml: sound, 1 question\n"


@pytest.mark.parametrize("words", [["--help"], ["tree", "--help"], ["runs"], ["check", "questions.yaml"]])
def test_no_command_loads_what_trains(place: Path, words: list[str]) -> None:
    code = (
        f"import sys\nfrom tracker.cli import main\ntry:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'sacred', 'experiments', 'pandas', 'scipy', 'pymongo', 'numpy'}\n"
        "sys.exit(','.join(heavy & set(sys.modules)) or 0)\n"
    )

    answer = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True)

    assert answer.returncode == 0, answer.stderr


def test_a_failed_run_shows_its_error(place: Path, tracker: Tracker, start_run: Any) -> None:
    process = start_run(place / "runs", "seed=1", "points=many")
    process.communicate(timeout=60)

    shown = tracker("show", "1").stdout

    assert "run 1  tiny  failed" in shown
    assert "TypeError" in shown


def test_a_metric_that_no_run_records_is_named_with_a_likely_one(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    (place / "questions.yaml").write_text(QUESTIONS.replace("val.accuracy", "val.acuracy"))
    record_run(place / "runs", "lr=0.2")

    answer = tracker("tree", "questions.yaml")

    assert "no run records val.acuracy; did you mean 'val.accuracy'?" in answer.stderr


def test_a_run_that_cannot_be_read_in_full_is_named(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    record_run(place / "runs", "lr=0.2")
    (place / "runs/1/config.json").write_text("{")

    assert "not read in full: run 1" in tracker("tree", "questions.yaml").stderr


def test_a_setting_that_no_run_has_is_named_with_a_likely_one(
    place: Path, tracker: Tracker, record_run: Record
) -> None:
    (place / "questions.yaml").write_text(QUESTIONS.replace("parameter: lr", "parameter: point"))
    record_run(place / "runs", "lr=0.2")

    answer = tracker("tree", "questions.yaml")

    assert "no run of tiny has the setting point; did you mean 'points'?" in answer.stderr
