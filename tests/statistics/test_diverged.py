"""Diverged runs are in no mean; whether they would turn the verdict is told."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from scipy import stats

from tracker.export.details import value_rows
from tracker.findings import Finding
from tracker.questions.question import Metric, Question
from tracker.statistics.ranks import MOST_EXACT, midranks, rank_slope, rank_sums, signed_ranks

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
FIVE = (1, 2, 3, 4, 5)
GOOD = (60.0, 61.0, 62.0, 60.5, 61.5)
X = "diverged"


def by_ranks(found: Finding) -> list[str]:
    return [one.by_ranks for one in found.comparisons]


def test_a_value_that_is_better_when_it_converges_may_be_worse(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=FIVE), {"bn": GOOD, "wn": (70.0, X, X, X, X)})
    assert found.verdict == "unreplicated"
    assert by_ranks(found) == [""]  # 70 is still the best of all
    lower = conclude(a_question(seeds=FIVE), {"bn": GOOD, "wn": (50.0, X, X, X, X)})
    assert by_ranks(lower) == ["worse"]
    assert "; with diverged runs as the worst, by ranks wn would be worse than bn" in lower.computed


def test_a_verdict_that_points_the_other_way_by_ranks_says_so(a_question: Ask, conclude: Conclude) -> None:
    seeds = tuple(range(8))
    skills = {"bn": [60.0 + seed / 9 for seed in seeds], "wn": [63.0, 63.5, 64.0, X, X, X, X, X]}
    found = conclude(a_question(seeds=seeds), skills)
    assert (found.verdict, by_ranks(found)) == ("better", ["below"])
    assert "; wn: 3 of 8 converged;" in found.computed
    assert "with diverged runs as the worst, by ranks wn would lie below bn" in found.computed


def test_a_verdict_that_ranks_would_leave_open_says_so(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=FIVE), {"bn": GOOD, "wn": (70.0, 71.0, 72.0, 73.0, X)})
    assert (found.verdict, by_ranks(found)) == ("better", ["open"])
    assert "by ranks better for wn would be open" in found.computed
    row = next(row for row in value_rows([found]) if row.value == "wn")
    assert (row.verdict, row.verdict_by_ranks) == ("better", "open")


def test_a_verdict_that_would_stand_is_told_without_a_word(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=FIVE), {"bn": GOOD, "wn": (50.0, 51.0, 52.0, 53.0, X)})
    assert (found.verdict, by_ranks(found)) == ("worse", [""])
    assert "wn: 4 of 5 converged" in found.computed
    assert "by ranks" not in found.computed


def test_without_a_diverged_run_ranks_say_nothing(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=FIVE), {"bn": GOOD, "wn": (59.0, 60.9, 61.4, 90.0, 10.0)})
    assert by_ranks(found) == [""]


def test_a_loss_that_diverges_counts_as_the_highest(a_question: Ask, conclude: Conclude) -> None:
    metric = Metric("test.loss", goal="minimize")
    found = conclude(a_question(metric=metric, seeds=FIVE), {"bn": GOOD, "wn": (70.0, X, X, X, X)})
    assert by_ranks(found) == ["worse"]


def test_three_seeds_are_too_few_for_ranks_to_be_sure(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(), {"bn": (60.0, 61.0, 62.0), "wn": (50.0, X, X)})
    assert by_ranks(found) == [""]


def test_pairs_are_ranked_by_their_differences(a_question: Ask, conclude: Conclude) -> None:
    seeds = tuple(range(8))
    skills = {"bn": [60.0 + seed for seed in seeds], "wn": [55.0, 57.0, X, X, X, X, X, X]}
    found = conclude(a_question(seeds=seeds, pair_by="seed"), skills)
    assert (found.verdict, by_ranks(found)) == ("unreplicated", ["worse"])


@pytest.mark.parametrize("goal", ["maximize", "minimize"])
def test_a_trend_turns_where_one_end_diverges(a_question: Ask, conclude: Conclude, goal: str) -> None:
    question = a_question(
        parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered", seeds=FIVE,
        metric=Metric("test.accuracy", goal=goal),
    )  # fmt: skip
    sign = 1 if goal == "maximize" else -1
    skills: dict[Any, list[Any]] = {
        1: [sign * (50.0 + n / 9) for n in range(5)],
        2: [sign * (52.0 + n / 9) for n in range(5)],
        3: [sign * 54.0, sign * 54.1, sign * 54.3, X, X],
    }
    found = conclude(question, skills)
    assert found.verdict == ("rising" if sign > 0 else "falling")
    assert by_ranks(found) == ["open"]
    skills[3] = [sign * 49.0, X, X, X, X]
    lost = conclude(question, skills)
    assert lost.verdict == "unreplicated"
    skills[2] = [sign * 49.5, sign * 49.6, sign * 49.7, X, X]
    assert by_ranks(conclude(question, skills)) == ["falling" if sign > 0 else "rising"]
    assert f"the trend would be {'falling' if sign > 0 else 'rising'}" in conclude(question, skills).computed


def test_ranks_are_scipys() -> None:
    numbers = [3.0, 1.0, 3.0, -math.inf, -math.inf, 8.0]
    assert midranks(numbers) == list(stats.rankdata(numbers))


def test_rank_sums_are_scipys_without_ties() -> None:
    rng = random.Random(1)
    for n, m in itertools.product((1, 3, 5, 8), (2, 4, 9)):
        one, other = ([rng.gauss(0, 1) for _ in range(size)] for size in (n, m))
        theirs = stats.mannwhitneyu(one, other, method="exact")
        assert rank_sums(one, other).p == pytest.approx(theirs.pvalue)


def test_rank_sums_with_ties_count_every_way() -> None:
    one, other = [0.0, 0.0, 0.0, 5.0, 1.0], [1.0, 2.0, 3.0, 4.0, 0.0]
    ranks, middle = midranks([*one, *other]), 27.5
    away = abs(sum(ranks[:5]) - middle)
    ways = [abs(sum(taken) - middle) >= away for taken in itertools.combinations(ranks, 5)]
    assert rank_sums(one, other).p == pytest.approx(sum(ways) / len(ways))


def test_many_ranks_are_approximately_as_scipys() -> None:
    rng = random.Random(2)
    one = [float(rng.randint(0, 20)) for _ in range(MOST_EXACT)]
    other = [float(rng.randint(1, 22)) for _ in range(MOST_EXACT)]
    theirs = stats.mannwhitneyu(one, other, method="asymptotic", use_continuity=False)
    assert rank_sums(one, other).p == pytest.approx(theirs.pvalue)
    gaps = [rng.gauss(0.2, 1) for _ in range(MOST_EXACT + 1)]
    theirs = stats.wilcoxon(gaps, method="approx", correction=False)
    assert signed_ranks(gaps).p == pytest.approx(theirs.pvalue)


def test_signed_ranks_are_scipys() -> None:
    rng = random.Random(3)
    for n in (3, 6, 10):
        gaps = [rng.gauss(0.5, 1) for _ in range(n)]
        assert signed_ranks(gaps).p == pytest.approx(stats.wilcoxon(gaps, method="exact").pvalue)


def test_a_slope_of_ranks_is_spearmans_over_all_orders() -> None:
    places, numbers = [1.0] * 3 + [2.0] * 3 + [3.0] * 3, [1.0, 2.0, 4.0, 3.0, 5.0, 5.0, 5.0, 7.0, 6.0]
    rho = stats.spearmanr(places, numbers).statistic
    assert rank_slope(places, numbers).p == pytest.approx(2 * stats.norm.sf(rho * math.sqrt(8)))
    assert rank_slope(places, [1.0] * 9).p == 1.0


def test_ranks_err_as_seldom_as_they_say() -> None:
    rng = random.Random(4)
    wrong = {"sums": 0, "signs": 0, "slope": 0}
    for _ in range(1000):
        one, other, third = ([rng.choice([-math.inf, rng.gauss(0, 1)]) for _ in range(5)] for _ in range(3))
        gaps = [0.0 if x == y else x - y for x, y in zip(one, other, strict=True)]
        wrong["sums"] += rank_sums(one, other).p < 0.05
        wrong["signs"] += signed_ranks(gaps).p < 0.05
        wrong["slope"] += rank_slope([1.0] * 5 + [2.0] * 5 + [3.0] * 5, [*one, *other, *third]).p < 0.05
    assert max(wrong.values()) <= 50 + 2 * math.sqrt(1000 * 0.05 * 0.95), wrong
