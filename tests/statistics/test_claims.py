"""Claims and human findings against the runs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import Claim, Metric, Question

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
HIGH, LOW = (63.1, 64.2, 62.0), (31.0, 30.2, 31.8)
NEAR = (63.0, 64.3, 61.9)


def outcome(found: Finding) -> str:
    return found.claims[0].outcome


@pytest.mark.parametrize(
    ("claim", "skills", "expected"),
    [
        (Claim("worse", "wn"), LOW, "supported"),
        (Claim("better", "wn"), LOW, "contradicted"),
        (Claim("same", "wn"), LOW, "contradicted"),
        (Claim("diverged", "wn"), LOW, "contradicted"),
        (Claim("worse", "wn", at_least=15), LOW, "supported"),
        (Claim("worse", "wn", at_least=25, at_most=40), LOW, "supported"),
        (Claim("worse", "wn", at_least=40), LOW, "contradicted"),
        (Claim("worse", "wn", at_most=10), LOW, "contradicted"),
        (Claim("worse", "wn", at_least=32), LOW, "not settled"),
        (Claim("better", "wn"), NEAR, "not settled"),
        (Claim("better", "wn", at_least=15), NEAR, "contradicted"),
        (Claim("same", "wn"), NEAR, "not settled"),
        (Claim("diverged", "wn"), ("diverged",) * 3, "supported"),
        (Claim("worse", "wn"), ("diverged",) * 3, "not settled"),
        (Claim("worse", "wn"), (31.0, None, None), "not settled"),
    ],
)
def test_a_claim_is_judged_by_its_comparison(
    a_question: Ask, conclude: Conclude, claim: Claim, skills: Any, expected: str
) -> None:
    found = conclude(a_question(claims=(claim,)), {"bn": HIGH, "wn": skills})
    assert outcome(found) == expected


@pytest.mark.parametrize(
    ("sesoi", "skills", "expected"),
    [
        (3.0, NEAR, "supported"),
        (30.0, (67.0, 68.3, 66.0), "supported"),  # better, but small
        (4.0, (67.0, 68.3, 66.0), "not settled"),  # better, and perhaps by less than 4
        (0.5, LOW, "contradicted"),
    ],
)
def test_sameness_is_claimed_within_what_matters(
    a_question: Ask, conclude: Conclude, sesoi: float, skills: Any, expected: str
) -> None:
    question = a_question(metric=Metric("test.accuracy", sesoi=sesoi), claims=(Claim("same", "wn"),))
    assert outcome(conclude(question, {"bn": HIGH, "wn": skills})) == expected


def test_where_less_is_better_the_sizes_turn_round(a_question: Ask, conclude: Conclude) -> None:
    metric = Metric("test.loss", goal="minimize")
    question = a_question(metric=metric, claims=(Claim("better", "wn", at_least=25), Claim("worse", "wn")))
    found = conclude(question, {"bn": HIGH, "wn": LOW})
    assert [one.outcome for one in found.claims] == ["supported", "contradicted"]


RISE = {1: (50, 51, 52), 2: (55, 56, 57), 3: (60, 61, 62)}
ARCH = {1: (50, 51, 52), 2: (60, 61, 62), 3: (50, 51, 52)}


@pytest.mark.parametrize(
    ("claim", "skills", "expected"),
    [
        (Claim("rising"), RISE, "supported"),
        (Claim("rising", at_least=5), RISE, "supported"),
        (Claim("rising", at_least=15), RISE, "contradicted"),
        (Claim("falling"), RISE, "contradicted"),
        (Claim("flat"), RISE, "contradicted"),
        (Claim("peak"), RISE, "contradicted"),
        (Claim("peak", at_least=5), ARCH, "supported"),
        (Claim("valley"), ARCH, "contradicted"),
        (Claim("rising"), ARCH, "contradicted"),
        (Claim("rising"), {**RISE, 3: (51, 54, 57)}, "not settled"),
    ],
)
def test_a_trend_is_judged_by_the_trend(
    a_question: Ask, conclude: Conclude, claim: Claim, skills: Any, expected: str
) -> None:
    question = a_question(
        parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered", claims=(claim,), alpha=0.01
    )
    assert outcome(conclude(question, skills)) == expected


def test_a_claim_is_told_with_its_source(a_question: Ask, conclude: Conclude) -> None:
    claim = Claim("worse", "wn", at_least=15, source="a paper, figure 2")
    found = conclude(a_question(claims=(claim,)), {"bn": HIGH, "wn": LOW})
    assert found.claims[0].sentence == (
        "supported: wn is worse than bn by at least 15 points (a paper, figure 2)"
    )


def test_a_humans_finding_that_the_runs_contradict_says_so(a_question: Ask, conclude: Conclude) -> None:
    wrong = a_question(finding="It does not matter.", finding_claim=Claim("better", "wn"))
    found = conclude(wrong, {"bn": HIGH, "wn": LOW})
    assert found.standing.state == "contradicted"
    assert found.standing.reason == "contradicted: wn is better than bn"
    right = a_question(finding="It is far worse.", finding_claim=Claim("worse", "wn"))
    assert conclude(right, {"bn": HIGH, "wn": LOW}).standing.state == "fresh"


def test_seeded_contradictions_are_found_and_none_besides(a_question: Ask, conclude: Conclude) -> None:
    """Claims that the truth denies by 5 sd are contradicted every time, and true ones never."""
    rng, seen = random.Random(9), Counter[tuple[bool, str]]()
    for _ in range(300):
        gap = rng.choice([-10.0, 10.0])
        skills = {
            "bn": [50 + rng.gauss(0, 1) for _ in range(5)],
            "wn": [50 + gap + rng.gauss(0, 1) for _ in range(5)],
        }
        word, least = rng.choice(["better", "worse"]), rng.choice([None, 4.0])
        true = (word == "better") == (gap > 0)
        question = a_question(seeds=(1, 2, 3, 4, 5), claims=(Claim(word, "wn", at_least=least),))
        seen[true, outcome(conclude(question, skills))] += 1
    assert set(seen) == {(True, "supported"), (False, "contradicted")}
