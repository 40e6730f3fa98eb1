"""A check by permutation, where a question has many seeds."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import Question
from tracker.statistics.permutation import turns

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
MANY = tuple(range(1, 21))


def noise(name: str, centre: float = 60.0, n: int = 20) -> list[float]:
    rng = random.Random(name)
    return [rng.gauss(centre, 1) for _ in range(n)]


@pytest.mark.parametrize("fields", [{}, {"pair_by": "seed"}], ids=["apart", "pairs"])
def test_where_it_agrees_nothing_is_said(a_question: Ask, conclude: Conclude, fields: dict[str, Any]) -> None:
    found = conclude(a_question(seeds=MANY, **fields), {"bn": noise("a"), "wn": noise("b", 61.0)})
    lead = found.lead
    assert lead
    assert lead.p_permuted == pytest.approx(lead.p, abs=0.01)
    assert "permutation" not in found.computed


def test_under_twenty_seeds_it_is_not_asked(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=MANY[:19]), {"bn": noise("a", n=19), "wn": noise("b", n=19)})
    assert found.lead
    assert found.lead.p_permuted is None


def test_pairs_are_counted_and_not_their_halves(a_question: Ask, conclude: Conclude) -> None:
    halves = {"bn": [*noise("a", n=20), "diverged"], "wn": ["diverged", *noise("b", n=20)]}
    found = conclude(a_question(seeds=tuple(range(1, 22)), pair_by="seed"), halves)
    assert found.lead
    assert (found.lead.n, found.lead.p_permuted) == ((19,), None)


def test_a_verdict_that_only_the_assumed_shape_leaves_open_is_told(
    a_question: Ask, conclude: Conclude
) -> None:
    """One wild seed widens the t test's spread; the labels of the other 39 stay as telling as they were."""
    skills = {"bn": noise("a", 60.0), "wn": [*noise("b", 61.0)[:19], 90.0]}
    found = conclude(a_question(seeds=MANY), skills)
    assert found.verdict == "inconclusive"
    assert found.lead
    assert found.lead.by_permutation == "found"
    told = "; by permutation, which assumes no shape of the numbers, wn would differ from bn (p="
    assert told in found.computed


def test_a_trend_is_checked_too(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered", seeds=MANY)
    found = conclude(question, {place: noise(f"d{place}", 60 + 0.5 * place) for place in (1, 2, 3)})
    assert found.lead
    assert found.lead.p_permuted == pytest.approx(found.lead.p, abs=0.01)


def test_the_same_runs_give_the_same_p(a_question: Ask, conclude: Conclude) -> None:
    skills = {"bn": noise("a"), "wn": noise("c", 60.5)}
    one, other = (conclude(a_question(seeds=MANY), skills).lead for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("p", "permuted", "told"),
    [(0.04, 0.06, "open"), (0.06, 0.04, "found"), (0.049, 0.052, ""), (0.051, 0.049, ""), (0.01, 0.02, ""),
     (0.5, 0.9, ""), (1e-9, 2e-4, "")],
)  # fmt: skip
def test_only_what_is_surely_on_the_other_side_turns_a_test(p: float, permuted: float, told: str) -> None:
    assert turns(p, permuted, 0.05 if p > 1e-6 else 1e-4) == told
