"""The order of the runs is edited in the table, too."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.export.importing.conftest import Place
from tracker import load_questions
from tracker.errors import QuestionsError, TrackerError

SOURCE = """\
version: 1
metric: {name: test.accuracy}
defaults: {experiment: full, seeds: [1, 2, 3]}
tree:
  - id: bn
    question: What does a network need?
    priority: 0x2   # soon
    children:
      - id: norm
        question: Is weight norm as good?
        parameter: norm
        values: [bn, wn]
        baseline: bn
      - {id: depth, question: 'Does it matter?', priority: -1, parameter: depth, values: [20, 56], scale: log}
"""


class Ordered(Place):
    """A question file with priorities, its table, and the table as it was exported."""

    def __init__(self, folder: Path, answering: Callable[..., Any]) -> None:
        super().__init__(folder, answering, SOURCE)
        self.base = folder / "old.csv"
        self.base.write_bytes(self.table.read_bytes())

    def priorities(self) -> dict[str, int]:
        return {question.node: question.priority for question in load_questions(self.questions).walk()}


@pytest.fixture
def place(tmp_path: Path, answering: Callable[..., Any]) -> Ordered:
    return Ordered(tmp_path, answering)


def test_children_inherit_a_priority(place: Ordered) -> None:
    assert place.priorities() == {"bn": 2, "bn/norm": 2, "bn/depth": -1}
    assert [row["priority"] for row in place.rows()] == ["2", "2", "-1"]


def test_a_table_as_it_was_changes_nothing(place: Ordered) -> None:
    assert place.imported() == SOURCE


@pytest.mark.parametrize("with_base", [False, True])
@pytest.mark.parametrize(
    ("node", "cell", "before", "after"),
    [
        ("bn/norm", "5", "as good?\n", "as good?\n        priority: 5\n"),
        ("bn/norm", "+5.0", "as good?\n", "as good?\n        priority: 5\n"),
        ("bn/depth", "7,00", "priority: -1", "priority: 7"),
        ("bn/depth", "2", "priority: -1", "priority: 2"),
    ],
)
def test_a_priority_is_written_where_it_belongs(
    place: Ordered, node: str, cell: str, before: str, after: str, with_base: bool
) -> None:
    place.edit(node, priority=cell)
    assert place.imported(place.base if with_base else None) == SOURCE.replace(before, after)


def test_children_keep_the_priority_that_their_rows_show(place: Ordered) -> None:
    place.edit("bn", priority="9")
    assert "priority: 9   # soon" in place.imported()
    assert place.priorities() == {"bn": 9, "bn/norm": 2, "bn/depth": -1}


def test_a_child_that_goes_with_its_parent_inherits_on(place: Ordered) -> None:
    place.edit("bn", priority="9")
    place.edit("bn/norm", priority="9")
    assert place.imported() == SOURCE.replace("0x2", "9")


@pytest.mark.parametrize("cell", ["", "high", "1.5", "١", "9" * 5000])
def test_what_is_no_whole_number_is_refused(place: Ordered, cell: str) -> None:
    place.edit("bn/norm", priority=cell)
    with pytest.raises(TrackerError, match=r"bn/norm\.priority is .*write a whole number"):
        place.imported()


def test_a_priority_that_was_changed_in_both_is_a_conflict(place: Ordered) -> None:
    place.questions.write_text(SOURCE.replace("priority: -1", "priority: 3"))
    place.edit("bn/depth", priority="4")
    with pytest.raises(TrackerError, match=re.escape("bn/depth.priority was changed in both")):
        place.imported()


@pytest.mark.parametrize("written", ["high", "1.5", "true", '"2"'])
def test_a_file_with_another_priority_is_refused_with_its_line(place: Ordered, written: str) -> None:
    place.questions.write_text(SOURCE.replace("0x2", written))
    with pytest.raises(QuestionsError, match=r"questions.yaml:7: priority must be a whole number"):
        load_questions(place.questions)
