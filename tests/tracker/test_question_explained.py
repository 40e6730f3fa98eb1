"""What values mean, in the words of a question file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tracker.errors import QuestionsError
from tracker.questions import load_questions

FILE = """
version: 1
metric: {name: acc}
defaults:
  experiment: full
  seeds: [1, 2, 3]
  explain: {full: everything learns, "64": few at a time}
profiles: {small: {seeds: [1]}}
tree:
  - id: group
    question: And?
    explain: {full: all of it learns}
    children:
      - {id: a, question: "x?", parameter: experiment, values: [full, part], baseline: full}
  - id: b
    question: y?
    parameter: batch_size
    values: [64, 128]
    baseline: 64
    explain: {"128": more at a time}
    profiles: {small: {values: [32, 64]}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "q.yaml"
    path.write_text(FILE)
    return path


def test_a_question_explains_its_own_values_and_a_child_adds_to_its_parents(file: Path) -> None:
    told = {question.node: dict(question.explain) for question in load_questions(file).walk()}
    assert told == {
        "group": {},
        "group/a": {"full": "all of it learns"},
        "b": {"64": "few at a time", "128": "more at a time"},
    }


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"64": few', "ful: few", "7: explain has 'ful', which is no value; did you mean 'full'?"),
        ('"128": more', '"12": more', "20: explain has '12', which is no value; did you mean '128'?"),
        ("{full: all of it learns}", "[full]", "12: explain must be a mapping of values to words"),
        ("all of it learns", "3", "12: full must be text, not 3"),
        ("all of it learns", '" "', "12: explain says nothing of 'full'"),
    ],
)
def test_what_explains_nothing_is_refused(file: Path, before: str, after: str, message: str) -> None:
    file.write_text(FILE.replace(before, after))
    with pytest.raises(QuestionsError) as refused:
        load_questions(file)
    assert f"q.yaml:{message}" in str(refused.value)


def test_a_profile_with_other_values_is_sound(file: Path) -> None:
    assert load_questions(file.with_name("q.yaml@small")).roots[1].explain == {"64": "few at a time"}
