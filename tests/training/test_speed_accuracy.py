"""The accuracy that stands beside the speeds of bf16 comes from the runs of a store."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from benchmarks.speed.accuracy import QUESTIONS, accuracy
from benchmarks.speed.cases import CASES
from benchmarks.speed.report import page
from benchmarks.speed.rounds import Found, Round
from tests.export.conftest import Memory, a_run
from tracker import load_questions
from tracker.errors import StoreError

FOUND = Found((Round(200, 100, 2.0, 0.0, 1.0, 2.0),))


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> str:
    """A store in which bf16 is one point better with every seed, but for runs with weight norm: none."""
    runs, skills = [], {}
    for question in load_questions(QUESTIONS).walk():
        for value in () if question.id == "weight-norm" else question.values:
            for seed in question.seeds:
                config = {**question.setup, "precision": value, "seed": seed}
                told = {"experiment": question.experiment, "config": config, "stopped": datetime.now(UTC)}
                runs.append(a_run(len(runs) + 1, "", seed, **told))
                skills[len(runs)] = 50 + 2 * seed + (value == "bf16") * (0.8 + 0.1 * seed)
    monkeypatch.setattr("benchmarks.speed.accuracy.open_store", lambda _: Memory(tuple(runs), skills))
    return "mongodb://127.0.0.1/trained"


def test_bf16_stands_beside_its_accuracy_and_fp32_beside_nothing(trained: str) -> None:
    known = accuracy(trained)

    assert known.beside(CASES["train-fp32"]) == ""
    assert known.beside(CASES["train-bf16"]).startswith("+1.0 points (")
    assert known.beside(CASES["train-bf16"]).endswith(", n=3)")
    assert known.beside(CASES["weight-norm-bf16"]) == "not measured"
    told = page({"train-bf16": FOUND}, [], "this", "A machine", known)
    assert f"0 of 1 | {known.beside(CASES['train-bf16'])} |" in told
    assert "Is a network that is trained in bf16 as accurate as one that is trained in fp32?" in told


def test_without_runs_the_page_says_that_accuracy_was_not_measured() -> None:
    assert "0 of 1 | not measured |" in page({"train-bf16": FOUND}, [], "this", "A machine")


def test_every_case_names_a_question_that_is_asked() -> None:
    asked = {question.node for question in load_questions(QUESTIONS).walk()}

    assert {case.accuracy for case in CASES.values()} == asked


def test_a_store_that_is_not_there_is_refused() -> None:
    with pytest.raises(StoreError):
        accuracy("/nowhere/runs")
