"""A question file with its table, in which somebody edits."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tracker import load_questions
from tracker.export.csv_file import write_csv
from tracker.importing.bring_back import prepare
from tracker.importing.merge import EDITABLE

TEXTS = tuple(name for name in EDITABLE if name != "priority")

SOURCE = """\
# The questions of this project.
version: 1
project: nets
metric: {name: test.accuracy, unit: "%"}   # what counts
defaults:
  experiment: full
  context: smoke   # all of them
  seeds: [1, 2, 3]

tree:
  - id: bn
    name: BatchNorm          # the root
    question: >
      What does a network need
      of BatchNorm?

    children:
      # the first
      - id: norm
        question: Is weight norm as good?   # nobody knows
        finding: |
          Nearly.
          But not quite.
        parameter: norm
        values: [bn, wn]
        baseline: bn
      - {id: depth, question: 'Does it matter?', parameter: depth, values: [20, 56], scale: ordered}
      - id: "width"
        question: "How wide?"
        context: wide
        parameter: width
        values: [8, 16]
        baseline: 8
"""


class Place:
    """A question file with the table that was exported from it."""

    def __init__(self, folder: Path, answering: Callable[..., Any], source: str = SOURCE) -> None:
        self.folder, self.answering = folder, answering
        self.questions, self.table = folder / "questions.yaml", folder / "tree.csv"
        self.questions.write_bytes(source.encode())
        self.export()

    def export(self) -> None:
        answered = self.answering(load_questions(self.questions).roots, [], {})
        write_csv(answered.findings, answered.store, self.table)

    def rows(self) -> list[dict[str, str]]:
        with self.table.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def edit(self, node: str, /, **cells: str) -> None:
        rows = self.rows()
        next(row for row in rows if row["node"] == node).update(cells)
        self.save(rows)

    def save(self, rows: list[dict[str, str]], **dialect: Any) -> None:
        with self.table.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), **dialect)
            writer.writeheader()
            writer.writerows(rows)

    def imported(self, base: Path | None = None) -> str:
        found = prepare(self.questions, self.table, base)
        found.write()
        return self.questions.read_bytes().decode()

    def texts(self) -> Mapping[str, Mapping[str, str]]:
        return {
            q.node: {name: getattr(q, name) for name in TEXTS} for q in load_questions(self.questions).walk()
        }


@pytest.fixture
def place(tmp_path: Path, answering: Callable[..., Any]) -> Place:
    return Place(tmp_path, answering)
