"""The command export in every format, from a question file and runs on disk."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from tracker import load_questions
from tracker.cli import main
from tracker.export.formats import FORMATS
from tracker.journal.writer import RunJournal
from tracker.tree import cells

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SOURCE = """\
version: 1
project: nets
metric: {name: test.accuracy, unit: "%"}
defaults: {experiment: full, seeds: [1, 2, 3]}
tree:
  - id: norm
    question: Is weight norm as good?
    parameter: norm
    values: [bn, wn]
    baseline: bn
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "questions.yaml").write_text(SOURCE)
    (question,) = load_questions(tmp_path / "questions.yaml").roots
    for at, cell in enumerate(cells(question)):
        config = {"norm": cell.value, "seed": cell.seed}
        record = {"experiment": {"name": "full"}, "config": config}
        journal = RunJournal.start(tmp_path / "runs", record, now=NOON)
        journal.add_points("test.accuracy", [1], [90.0 - 10 * (at > 2) + cell.seed], [0])
        journal.end("COMPLETED", NOON)
    return tmp_path


def export(place: Path, out: str, *words: str) -> tuple[int, str]:
    line = ["export", str(place / "questions.yaml"), str(place / out), "--store", str(place / "runs"), *words]
    answer = CliRunner().invoke(main, line)
    return answer.exit_code, answer.stderr


@pytest.mark.parametrize("suffix", [*FORMATS, ".CSV"])
def test_every_format_is_written_and_its_files_are_named(place: Path, suffix: str) -> None:
    code, told = export(place, f"out/tree{suffix}", "--omniboard", "http://localhost:9000/sacred")
    assert code == 0, told
    named = re.sub("^wrote ", "", told.strip()).split(", ")
    assert sorted(map(Path, named)) == sorted((place / "out").iterdir())
    assert all(Path(name).stat().st_size for name in named)


@pytest.mark.parametrize("suffix", [".csv", ".html", ".md", ".tex"])
def test_every_format_tells_the_finding(place: Path, suffix: str) -> None:
    export(place, f"tree{suffix}")
    assert "is worse than bn by 10" in (place / f"tree{suffix}").read_text(encoding="utf-8-sig")


def test_an_unknown_ending_is_refused_with_the_known_ones(place: Path) -> None:
    code, told = export(place, "tree.doc")
    assert code == 1
    assert "tree.doc names no format by its ending; write .csv, .xlsx, .html, .md or .tex" in told


def test_what_is_exported_is_imported(place: Path) -> None:
    export(place, "tree.csv")
    text = (place / "tree.csv").read_text(encoding="utf-8-sig")
    (place / "tree.csv").write_text(text.replace("Is weight norm as good?", "Is it?"), encoding="utf-8-sig")
    words = ["import", str(place / "questions.yaml"), str(place / "tree.csv")]
    assert CliRunner().invoke(main, words).exit_code == 0
    assert (place / "questions.yaml").read_text() == SOURCE.replace("Is weight norm as good?", "Is it?")
