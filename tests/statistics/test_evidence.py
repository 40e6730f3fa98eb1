"""Seals: which findings rest on something else than when somebody last looked."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tracker.errors import QuestionsError
from tracker.findings import Finding
from tracker.findings.sealing import seal
from tracker.findings.seals import read_seals, seals_path
from tracker.questions.question import Metric, Question

Ask = Callable[..., Question]
HIGH, LOW = (63.1, 64.2, 62.0), (31.0, 30.2, 31.8)


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Where the question file would be."""
    return tmp_path / "depth.yaml"


def again(laboratory: Any, questions: Path, *roots: Question) -> Finding:
    found = laboratory.answer(*roots, seals=read_seals(questions))
    return found[0]  # type: ignore[no-any-return]


def sealed(laboratory: Any, questions: Path, *roots: Question, **more: Any) -> tuple[str, ...]:
    found = laboratory.answer(*roots, seals=read_seals(questions))
    return seal(questions, found, found[0].now, **more)


def test_what_rests_on_nothing_is_neither_fresh_nor_stale(a_question: Ask, laboratory: Any) -> None:
    assert laboratory.answer(a_question())[0].standing.state == ""
    found = laboratory.record(a_question(), {"bn": HIGH, "wn": LOW}).answer(a_question())[0]
    assert (found.standing.state, found.standing.reason) == ("fresh", "")


def test_what_was_sealed_is_fresh_until_a_run_comes(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    question = a_question()
    laboratory.record(question, {"bn": HIGH, "wn": LOW[:2]})
    assert sealed(laboratory, questions, question) == ("q",)
    assert again(laboratory, questions, question).standing.state == "fresh"

    laboratory.record(a_question(values=("wn",), seeds=(3,)), {"wn": (31.8,)})
    found = again(laboratory, questions, question)
    assert (found.standing.state, found.standing.reason) == ("stale", "1 run new (6)")

    assert sealed(laboratory, questions, question) == ("q",)
    assert again(laboratory, questions, question).standing.state == "fresh"
    assert sealed(laboratory, questions, question) == ()


def test_runs_that_go_or_change_are_named(a_question: Ask, laboratory: Any, questions: Path) -> None:
    question = a_question()
    laboratory.record(question, {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, question)
    laboratory.numbers["test.accuracy", 2] = 99.0
    laboratory.runs = [run for run in laboratory.runs if run.id != 5]

    assert again(laboratory, questions, question).standing.reason == "1 run gone (5); 1 run changed (2)"


def test_a_seal_outlives_its_runs(a_question: Ask, laboratory: Any, questions: Path) -> None:
    question = a_question()
    laboratory.record(question, {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, question)
    before = read_seals(questions)
    laboratory.runs = []

    assert sealed(laboratory, questions, question) == ()
    assert read_seals(questions) == before


def test_a_question_that_is_asked_otherwise_is_stale(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    laboratory.record(a_question(), {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, a_question())
    other = a_question(metric=Metric("test.accuracy", unit="%", sesoi=0.5), alpha=0.01)
    assert again(laboratory, questions, other).standing.reason == "the question was changed in metric, alpha"
    words = a_question(question="How?", name="Another", notes="x")
    assert again(laboratory, questions, words).standing.state == "fresh"


def test_a_run_keeps_its_identity_under_another_id(a_question: Ask, laboratory: Any, questions: Path) -> None:
    question = a_question()
    laboratory.record(question, {"bn": HIGH, "wn": LOW}, info=lambda cell: {
        "tracker": {"uuid": f"{cell.value}{cell.seed}"}
    })  # fmt: skip
    sealed(laboratory, questions, question)
    laboratory.runs = [replace(run, id=100 + run.id) for run in laboratory.runs]
    laboratory.numbers = {(name, 100 + id): number for (name, id), number in laboratory.numbers.items()}
    assert again(laboratory, questions, question).standing.state == "fresh"


def test_a_humans_finding_stays_stale_until_it_is_accepted(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    question = a_question(finding="wn is far worse.")
    laboratory.record(question, {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, question)
    laboratory.numbers["test.accuracy", 4] = 32.0

    assert sealed(laboratory, questions, question) == ()
    assert again(laboratory, questions, question).standing.state == "stale"
    assert sealed(laboratory, questions, question, accept=("q",)) == ("q",)
    assert again(laboratory, questions, question).standing.state == "fresh"


def test_other_words_of_a_human_are_a_new_finding(a_question: Ask, laboratory: Any, questions: Path) -> None:
    laboratory.record(a_question(), {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, a_question(finding="Worse."))
    assert sealed(laboratory, questions, a_question(finding="Far worse.")) == ("q",)


def test_a_humans_words_are_contradicted_when_the_verdict_turns(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    question = a_question(finding="wn is far worse.")
    laboratory.record(question, {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, question)
    for id in (4, 5, 6):
        laboratory.numbers["test.accuracy", id] += 60
    standing = again(laboratory, questions, question).standing
    assert standing.state == "contradicted"
    assert standing.reason == "it was written when the verdict was worse; now it is better"


def test_seeds_added_after_a_look_make_a_finding_exploratory(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    close = {"bn": (60.0, 61.0, 62.0, 60.5), "wn": (60.1, 61.2, 61.9, 60.2)}
    few, more = a_question(), a_question(seeds=(1, 2, 3, 4))
    laboratory.record(more, close)
    sealed(laboratory, questions, few)
    found = again(laboratory, questions, more)
    assert found.computed.endswith(
        "; exploratory: looked at with 3 seeds before, which looks does not declare."
    )
    sealed(laboratory, questions, more)
    assert "exploratory: looked at with 3 seeds" in again(laboratory, questions, more).computed
    declared = again(laboratory, questions, replace(more, looks=(3, 4)))
    assert "exploratory" not in declared.computed


def test_seals_are_written_a_line_each_and_only_when_something_changed(
    a_question: Ask, laboratory: Any, questions: Path
) -> None:
    roots = [a_question(node=f"q{place}", id=f"q{place}", setup={"depth": place}) for place in range(3)]
    for root in roots[:2]:
        laboratory.record(root, {"bn": HIGH, "wn": LOW})
    sealed(laboratory, questions, *roots)
    text = seals_path(questions).read_text(encoding="utf-8")
    assert seals_path(questions).name == "depth.lock.json"
    assert [line.split(":")[0] for line in text.splitlines()] == ['{"version"', ' "q0"', ' "q1"', "}}"]
    before = seals_path(questions).stat().st_mtime_ns
    found = laboratory.answer(*roots, seals=read_seals(questions))
    assert seal(questions, found, found[0].now + timedelta(days=1)) == ()
    assert seals_path(questions).stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no file of seals"),
        ("[]", "is no file of seals"),
        ('{"version": 1, "findings": {"q": {}}}', "is no file of seals"),
        ('{"version": 2, "findings": {}}', "a newer version wrote this file"),
    ],
)
def test_a_file_that_is_no_seals_is_refused(questions: Path, text: str, message: str) -> None:
    seals_path(questions).write_text(text)
    with pytest.raises(QuestionsError, match=message):
        read_seals(questions)


def test_all_and_only_the_findings_that_are_affected_become_stale(
    a_question: Ask, laboratory: Any, tmp_path: Path
) -> None:
    """40 random stores: runs come, go, change, fail, and the stale nodes are those whose answers did."""
    rng = random.Random(11)
    for trial in range(40):
        questions, lab = tmp_path / f"{trial}.yaml", type(laboratory)()
        roots = [
            a_question(node=f"q{place}", id=f"q{place}", setup={"depth": place // 2}) for place in range(6)
        ]
        roots = [replace(root, seeds=(1, 2, 3) if place % 2 else (1, 2)) for place, root in enumerate(roots)]
        for root in roots[1::2]:
            lab.record(root, {"bn": HIGH, "wn": LOW})
        found = lab.answer(*roots)
        seal(questions, found, found[0].now)
        before = [behind(lab, one) for one in found]
        for _ in range(rng.randint(0, 3)):
            disturb(rng, lab, roots)
        after = lab.answer(*roots, seals=read_seals(questions))
        stale = {one.node.question.node for one in after if one.standing.state == "stale"}
        expected = {
            one.node.question.node
            for one, told in zip(after, before, strict=True)
            if behind(lab, one) != told
        }
        assert stale == expected
        json.loads(seals_path(questions).read_text(encoding="utf-8"))


def behind(laboratory: Any, finding: Finding) -> list[Any]:
    """What a finding rests on, written plainly."""
    answers = [cell.answer for cell in finding.cells if cell.answer]
    return [(run.id, run.diverged, laboratory.numbers.get(("test.accuracy", run.id))) for run in answers]


def disturb(rng: random.Random, laboratory: Any, roots: list[Question]) -> None:
    run = rng.choice(laboratory.runs)
    what = rng.choice(["change", "delete", "fail", "rerun", "foreign"])
    if what == "change":
        laboratory.numbers["test.accuracy", run.id] = 70 + rng.random()
    elif what == "delete":
        laboratory.runs.remove(run)
    elif what == "fail":
        laboratory.record(replace(rng.choice(roots), seeds=(1,)), {"bn": ("FAILED",)})
    elif what == "rerun":
        laboratory.record(replace(rng.choice(roots), seeds=(1,)), {"wn": (40 + rng.random(),)})
    else:
        laboratory.record(replace(roots[0], setup={"depth": 77}), {"bn": HIGH})
