"""The analysis that the documents show, run over both kinds of store."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker import load_questions
from tracker.journal.writer import RunJournal
from tracker.tree import cells

ROOT = Path(__file__).parents[2]
SHOWN = re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/python.md").read_text(), re.MULTILINE | re.DOTALL)[
    0
]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def record(folder: Path) -> None:
    """The runs that the demo asks for, with a test accuracy that falls with the batch size."""
    for question in load_questions(ROOT / "sweeps/demo.yaml").walk():
        for cell in cells(question) if question.values else ():
            settings = dict(cell.settings)
            experiment = {"name": settings.pop("experiment")}
            config = {**settings, "seed": cell.seed}
            journal = RunJournal.start(folder, {"experiment": experiment, "config": config}, now=NOON)
            last = 80 - settings.get("batch_size", 64) / 16 + cell.seed
            journal.add_points("test.accuracy", [1, 2, 3], [10.0, last - 10, last], [0, 1, 2])
            journal.end("COMPLETED", NOON)


@pytest.fixture(params=["folder", pytest.param("mongo", marks=pytest.mark.mongo)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    record(tmp_path / "runs")
    if request.param == "folder":
        return str(tmp_path / "runs")
    from tracker.mirror.push import push

    found: str = request.getfixturevalue("mongo_address")
    push(tmp_path / "runs", found)
    return found


def test_the_analysis_is_ten_lines_and_runs_over_every_store(
    address: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len([line for line in SHOWN.splitlines() if line]) <= 10
    monkeypatch.chdir(ROOT)
    shown: dict[str, Any] = {}
    exec(compile(SHOWN.replace("demo/runs", address), "docs/python.md", "exec"), shown)
    words = capsys.readouterr().out
    lines = [line.split() for line in words.splitlines()]
    assert lines[-3:] == [["64", "78.0", "58.0"], ["128", "74.0", "54.0"], ["256", "66.0", "46.0"]]
    assert "<svg" in shown["batch_size"]._repr_html_()
