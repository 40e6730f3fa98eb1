"""The demo's page and tables in docs/demo are as the code makes them; `make demo-docs` makes them anew."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from tracker import load_questions
from tracker.export.sheets import sheets
from tracker.questions.question import VERDICTS

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "docs/demo"
QUESTIONS = list(load_questions(ROOT / "sweeps/demo.yaml").walk())
LARGEST = 100_000  # bytes of the page


def table(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", ["tree", "values", "runs"])
def test_the_tables_and_their_schema_have_the_columns_of_today(name: str) -> None:
    sheet = next(sheet for sheet in sheets([]) if sheet.name == name)
    path = "tree.csv" if name == "tree" else f"tree_{name}.csv"
    columns = [column.name for column in sheet.columns] + ["fingerprint"] * (name == "tree")
    assert list(table(path)[0]) == columns

    package = json.loads((DEMO / "tree.schema.json").read_text(encoding="utf-8"))
    fields = {resource["path"]: resource["schema"]["fields"] for resource in package["resources"]}
    told = [(field["name"], field["type"], field["description"]) for field in fields[path]]
    assert told[: len(sheet.columns)] == [(one.name, one.kind, one.about) for one in sheet.columns]


def test_the_tree_has_a_row_for_each_question_of_the_demo_with_its_answer() -> None:
    rows = table("tree.csv")
    assert [row["node"] for row in rows] == [question.node for question in QUESTIONS]
    assert [row["question"] for row in rows] == [question.question for question in QUESTIONS]
    for row, question in zip(rows, QUESTIONS, strict=True):
        assert (row["status"], row["state"]) == ("done", "done")
        assert (row["verdict"] in VERDICTS) == bool(question.values)
        assert json.loads(row["values"]) == list(question.values)
        assert row["finding"].endswith(".")


def test_every_run_of_the_demo_completed_on_one_state_of_the_code() -> None:
    runs = table("tree_runs.csv")
    assert {(run["status"], run["role"], run["code_changed"]) for run in runs} == {
        ("COMPLETED", "answer", "false")
    }
    assert len({run["commit"] for run in runs}) == 1
    assert len(runs) == sum(len(question.values) * len(question.seeds) for question in QUESTIONS)


def test_the_page_is_that_of_the_same_tree() -> None:
    page = (DEMO / "tree.html").read_text(encoding="utf-8")
    assert len(page.encode()) < LARGEST
    for row in table("tree.csv"):
        assert row["node"] in page
    assert "Content-Security-Policy" in page
    assert re.search(r"/(tmp|home|root|work)/", page) is None
