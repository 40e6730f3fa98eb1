"""Every item of the syllabus has a home that is there, and docs/syllabus.md is the page of today."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.syllabus.__main__ import PAGE
from benchmarks.syllabus.homes import ROOT, homes_of
from benchmarks.syllabus.page import page
from benchmarks.syllabus.table import CHAPTERS, SOURCES, Item, SyllabusError, load_chapters
from tracker import load_questions


def item(**given: object) -> Item:
    return Item(number=1, claim="x", sources=(), homes={kind: (str(name),) for kind, name in given.items()})


def test_the_page_is_made_of_the_chapters_the_questions_and_the_code_of_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(load_chapters()), "make it anew: make syllabus"


def test_every_item_is_tested_or_says_why_not() -> None:
    chapters = load_chapters()
    assert [item.number for chapter in chapters for item in chapter.items if not item.has_home] == []


@pytest.mark.parametrize(
    ("home", "words"),
    [
        ({"questions": "batchnorm.yaml:bn-only/dept"}, "did you mean 'bn-only/depth'"),
        ({"questions": "batchnorm.yaml:bn-only"}, "the question of sweeps/batchnorm.yaml 'bn-only'"),
        ({"questions": "nobody.yaml:depth"}, "there is no file sweeps/nobody.yaml"),
        ({"metrics": "validation.acuracy"}, "did you mean 'validation.accuracy'"),
        ({"metrics": "nothing.*"}, "the metric 'nothing.*' does not exist"),
        ({"files": "batchnorm.cvs"}, "did you mean 'batchnorm.csv'"),
        ({"records": "trainble"}, "did you mean 'trainable'"),
        ({"guards": "leek"}, "did you mean 'leak'"),
        ({"checks": "by_hart"}, "did you mean 'by_heart'"),
        ({"settings": "widht"}, "did you mean 'width'"),
        ({"settings": "pitfall=one_pas"}, "did you mean 'one_pass'"),
        ({"modules": "experiments/training/none.py"}, "there is no file"),
        ({"tests": "docs/test_syllabus.py::test_nothing"}, "the test of tests/docs/test_syllabus.py"),
    ],
)
def test_a_home_that_is_not_there_is_named(home: dict[str, str], words: str) -> None:
    with pytest.raises(SyllabusError, match="item 1") as caught:
        homes_of(item(**home))
    assert words in str(caught.value)


def test_a_setting_or_a_test_alone_is_no_home() -> None:
    assert not item(settings="width", tests="docs/test_syllabus.py::test_nothing").has_home
    assert item(metrics="lr").has_home


def test_what_is_out_of_scope_has_no_home_beside() -> None:
    assert Item(number=1, claim="x", sources=(), homes={}, out_of_scope="no such data").has_home
    with pytest.raises(SyllabusError, match="out of scope and has a home"):
        Item(number=1, claim="x", sources=(), homes={"metrics": ("lr",)}, out_of_scope="no such data")


def test_every_contradiction_has_two_sides_of_which_one_at_most_can_be_right() -> None:
    questions = load_questions(ROOT / "sweeps/contradictions.yaml")
    titles = tuple(title.lower() for title in SOURCES.values())
    sides: dict[str, set[str]] = {root.id: set() for root in questions.roots}
    for question in questions.walk():
        sides[question.node.partition("/")[0]].update(claim.source for claim in question.claims)
        assert len({claim.verdict for claim in question.claims}) == len(question.claims), question.node
        for claim in question.claims:
            assert claim.says, question.node
            assert any(title.startswith(claim.source.lower()) for title in titles), claim.source

    assert len(sides) == 5
    assert all(len(sources) >= 2 for sources in sides.values()), sides


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("number: 2\n", "number: 1\n", "look at \\[2\\]"),
        ("claim: ", "clam: ", "did you mean 'claim'"),
        ("from: [S0, S1]", "from: [S7]", "the source 'S7' does not exist"),
    ],
)
def test_a_chapter_with_a_mistake_is_refused(old: str, new: str, words: str, tmp_path: Path) -> None:
    for path in CHAPTERS.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        (tmp_path / path.name).write_text(text.replace(old, new, 1) if path.name.startswith("1") else text)
    with pytest.raises(SyllabusError, match=words):
        load_chapters(tmp_path)
