"""Claims, findings, looks and splits in a question file."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tracker.errors import QuestionsError
from tracker.questions import Question, load_questions
from tracker.questions.question import Claim, Metric, split_of

HEAD = "version: 1\nmetric: {name: acc}\ndefaults: {experiment: full, seeds: [0, 1, 2]}\n"
TWO = "values: [a, b]\nbaseline: a"
THREE = "values: [a, b, c]\nbaseline: a"
ORDERED = "values: [1, 2, 3]\nscale: ordered"


def load(tmp_path: Path, *lines: str, base: str = TWO) -> Question:
    body = textwrap.indent("\n".join(["question: Why?", "parameter: norm", base, *lines]), "    ")
    file = tmp_path / "questions.yaml"
    file.write_text(f"{HEAD}tree:\n  - id: q\n{body}\n")
    return load_questions(file).roots[0]


def refused(tmp_path: Path, *lines: str, base: str = TWO) -> str:
    with pytest.raises(QuestionsError) as caught:
        load(tmp_path, *lines, base=base)
    return str(caught.value)


def test_a_claim_is_about_the_only_value_beside_the_baseline(tmp_path: Path) -> None:
    question = load(
        tmp_path, "claim: {verdict: worse, at_least: 15, source: 'a paper, figure 3', says: far below}"
    )
    assert question.claims == (
        Claim("worse", "b", at_least=15.0, says="far below", source="a paper, figure 3", line=10),
    )


def test_there_may_be_several_claims(tmp_path: Path) -> None:
    lines = ["claim:", "  - {verdict: better, value: b}", "  - {verdict: same, value: c}"]
    found = load(tmp_path, *lines, base=THREE).claims
    assert [(one.verdict, one.value) for one in found] == [("better", "b"), ("same", "c")]


def test_a_trend_is_claimed_of_no_value(tmp_path: Path) -> None:
    assert load(tmp_path, "claim: {verdict: rising}", base=ORDERED).claims[0].value is None


def test_a_finding_may_say_what_it_claims(tmp_path: Path) -> None:
    plain = load(tmp_path, "finding: b is better")
    checked = load(tmp_path, "finding: {text: b is better, verdict: better, at_least: 2}")
    assert (plain.finding, plain.finding_claim) == ("b is better", None)
    assert (checked.finding, checked.finding_claim) == (
        "b is better", Claim("better", "b", at_least=2.0, line=10)
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "base", "message"),
    [
        ("claim: {at_least: 3}", TWO, ":10: the claim has no verdict to check"),
        ("claim: []", TWO, "claim is empty"),
        ("claim: better", TWO, "claim must be a mapping"),
        ("claim: {verdict: bettr}", TWO, "verdict 'bettr' is unknown; did you mean 'better'?"),
        ("claim: {verdict: better, atleast: 3}", TWO, "did you mean 'at_least'?"),
        ("claim: {verdict: better, at_least: -3}", TWO, "at_least must be a number over 0"),
        ("claim: {verdict: better, at_least: 3, at_most: 2}", TWO, "no difference is both"),
        ("claim: {verdict: same, at_least: 3}", TWO, "'same' has no size; drop at_least"),
        ("claim: {verdict: rising}", TWO, "'rising' is claimed of a trend, and 'q' has none; write scale"),
        ("claim: {verdict: rising, value: 2}", ORDERED, "claimed of the whole scale; drop value"),
        ("claim: {verdict: better}", ORDERED, "against a baseline, and 'q' has none; name one"),
        ("claim: {verdict: better}", THREE, "the claim does not say of which value: b, c"),
        ("claim: {verdict: better, value: a}", TWO, "'a' is not one of the values beside the baseline: b"),
        ("claim: {verdict: better, source: 3}", TWO, "source must be text"),
        ("finding: {verdict: better}", TWO, "the finding has no text"),
        ("finding: {text: so, at_least: 3}", TWO, "the finding has no verdict to check"),
        ("finding: {text: so, source: x}", TWO, "finding has no key 'source'"),
        ("looks: [5, 3]", TWO, "the look at 3 comes after that at 5; let them rise"),
        ("looks: [2, 3]", TWO, "a look at 2 seeds gives no verdict"),
        ("looks: [3, x]", TWO, "a look at 'x' seeds gives no verdict"),
        ("looks: 3", TWO, "looks must be a list such as [3, 5, 10]"),
        (
            "metric: {name: test.acc, split: validation}",
            TWO,
            "test.acc is measured on test, as its name says",
        ),
        ("metric: {name: acc, split: tst}", TWO, "split 'tst' is unknown; did you mean 'test'?"),
    ],
)
def test_a_mistake_is_refused(tmp_path: Path, line: str, base: str, message: str) -> None:
    assert message in refused(tmp_path, line, base=base)


def test_a_group_claims_nothing(tmp_path: Path) -> None:
    file = tmp_path / "questions.yaml"
    file.write_text(f"{HEAD}tree:\n  - id: g\n    claim: {{verdict: better}}\n    children: []\n")
    with pytest.raises(QuestionsError, match=":6: 'g' is a group, which no run answers"):
        load_questions(file)


def test_looks_share_alpha_and_are_inherited(tmp_path: Path) -> None:
    question = load(tmp_path, "looks: [3, 5, 10]", "alpha: 0.06")
    assert question.looks == (3, 5, 10)
    assert question.error_rate == pytest.approx(0.02)
    assert load(tmp_path).error_rate == 0.05


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("test.accuracy", "test"),
        ("val_loss", "validation"),
        ("Validation/top1", "validation"),
        ("train loss", "training"),
        ("accuracy", ""),
        ("testing", ""),
    ],
)
def test_the_split_is_read_from_the_metrics_name(name: str, split: str) -> None:
    assert split_of(name) == Metric(name).split == split


def test_a_declared_split_stands_where_the_name_tells_none(tmp_path: Path) -> None:
    assert load(tmp_path, "metric: {name: top1, split: validation}").metric.split == "validation"
