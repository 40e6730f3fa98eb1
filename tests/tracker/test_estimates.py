"""Estimates and tests against scipy's own, against a calculation by hand, against simulations."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.statistics.conftest import make_question
from tracker.questions.question import Metric, Question
from tracker.run import Run
from tracker.statistics.comparisons import compare
from tracker.statistics.effects import Sample, holm, paired, slope, welch
from tracker.statistics.estimates import Estimate, chosen, estimates, interval
from tracker.tree import Node, cells

SAMPLES = st.lists(st.floats(-1000, 1000).map(lambda x: round(x, 3)), min_size=3, max_size=8).filter(
    lambda numbers: len(set(numbers)) > 1
)


def a_question(**fields: Any) -> Question:
    return make_question(**{"metric": Metric("acc"), **fields})


def an_estimate(value: Any, *numbers: float) -> Estimate:
    low, high = interval(numbers, 0.05) if len(numbers) > 1 else (None, None)
    return Estimate(
        value=value,
        skills=dict(enumerate(numbers)),
        mean=statistics.fmean(numbers) if numbers else None,
        sd=statistics.stdev(numbers) if len(numbers) > 1 else None,
        low=low,
        high=high,
        completed=len(numbers),
        diverged=0,
        missing=(),
        nuisance={},
        runs=(),
    )


def a_node(question: Question, numbers: Mapping[int, float], diverged: Iterable[int] = ()) -> Node:
    """A node whose runs are numbered by cell; only those with a number or a divergence exist."""
    filled = []
    for id, cell in enumerate(cells(question)):
        info = {"tracker": {"diverged": {"step": 1}}} if id in diverged else {}
        run = Run(id=id, experiment="full", status="COMPLETED", config={}, seed=cell.seed, info=info)
        there = id in numbers or id in diverged
        filled.append(replace(cell, runs=(run,), answer=run) if there else cell)
    return Node(question, tuple(filled))


def reader(numbers: Mapping[Any, float], other: Mapping[Any, float] | None = None) -> Any:
    def read(runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        source = numbers if name == "acc" else other or {}
        return {run.id: source[run.id] for run in runs if run.id in source}

    return read


@given(SAMPLES, st.sampled_from([0.05, 0.01, 0.2]))
def test_the_interval_of_a_mean_is_scipys(numbers: list[float], alpha: float) -> None:
    low, high = stats.t.interval(
        1 - alpha, len(numbers) - 1, loc=statistics.fmean(numbers), scale=stats.sem(numbers)
    )
    assert interval(numbers, alpha) == pytest.approx((low, high), rel=1e-9, abs=1e-9)


@given(SAMPLES, SAMPLES)
def test_welchs_test_is_scipys(numbers: list[float], baseline: list[float]) -> None:
    ours, theirs = (
        welch(Sample.of(numbers), Sample.of(baseline)),
        stats.ttest_ind(numbers, baseline, equal_var=False),
    )
    expected = theirs.confidence_interval(0.95)
    assert ours.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-12)
    assert ours.interval(0.05) == pytest.approx((expected.low, expected.high), rel=1e-6, abs=1e-9)


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=3, max_size=8))
def test_the_paired_test_is_scipys(pairs: list[tuple[int, int]]) -> None:
    numbers, baseline = [one for one, _ in pairs], [other for _, other in pairs]
    if len({one - other for one, other in pairs}) > 1:
        ours, theirs = paired(numbers, baseline), stats.ttest_rel(numbers, baseline)
        assert ours.p == pytest.approx(theirs.pvalue, rel=1e-6)
        assert ours.interval(0.05) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-6)


def test_the_slope_is_scipys() -> None:
    places, numbers = [0.0, 0, 0, 1, 1, 1, 2, 2, 2], [50.1, 50.9, 49.5, 52, 53.1, 51.7, 54, 55.2, 53.3]
    ours, theirs = slope(places, numbers), stats.linregress(places, numbers)
    assert ours.delta == pytest.approx(2 * theirs.slope)
    assert ours.error == pytest.approx(2 * theirs.stderr)
    assert ours.p == pytest.approx(theirs.pvalue)


def test_sameness_is_two_one_sided_tests() -> None:
    numbers, baseline, margin = [1.0, 2.0, 3.5], [1.5, 2.5, 2.0, 3.0], 2.0
    lower = stats.ttest_ind(numbers, [x - margin for x in baseline], equal_var=False, alternative="greater")
    upper = stats.ttest_ind(numbers, [x + margin for x in baseline], equal_var=False, alternative="less")
    ours = welch(Sample.of(numbers), Sample.of(baseline)).p_beyond(margin)
    assert ours == pytest.approx(max(lower.pvalue, upper.pvalue))


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        ([0.01], [0.01]),
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),  # 4x.005, 3x.01, 2x.03, then no less
        ([0.9, 0.8], [1.0, 1.0]),
        ([0.02, 0.02], [0.04, 0.04]),
        ([], []),
    ],
)
def test_holm_is_what_a_hand_calculates(raw: list[float], adjusted: list[float]) -> None:
    assert holm(raw) == pytest.approx(tuple(adjusted))


def test_an_estimate_has_mean_sd_and_interval() -> None:
    node = a_node(a_question(), {0: 60.0, 1: 62.0, 2: 64.0, 3: 50.0})
    bn, wn = estimates(node, reader({0: 60.0, 1: 62.0, 2: 64.0, 3: 50.0}))
    assert (bn.n, bn.mean, bn.sd) == (3, 62.0, 2.0)
    assert (bn.low, bn.high) == pytest.approx((62 - 4.968275, 62 + 4.968275))
    assert (wn.n, wn.mean, wn.sd, wn.low) == (1, 50.0, None, None)


def test_a_diverged_run_is_counted_and_not_averaged() -> None:
    numbers = {0: 60.0, 1: 62.0, 2: 1e9}
    bn = estimates(a_node(a_question(), numbers, diverged=[2]), reader(numbers))[0]
    assert (bn.n, bn.mean, bn.completed, bn.diverged) == (2, 61.0, 3, 1)


@pytest.mark.parametrize("found", [{}, {0: 1e200}])
def test_a_run_without_a_usable_number_is_missing(found: dict[Any, float]) -> None:
    bn = estimates(a_node(a_question(), {0: 60.0}), reader(found))[0]
    assert (bn.n, bn.missing) == (0, (0,))


NUISANCE = {"values": ("bn",), "nuisance": {"lr": (0.1, 0.3)}, "select_by": "val", "seeds": (1, 2)}


def choice(question: Question, validation: Mapping[Any, float], diverged: Iterable[int] = ()) -> Any:
    node = a_node(question, dict.fromkeys(range(4), 50.0), diverged)
    return chosen(node.question, node.cells, reader({}, validation))[0].nuisance["lr"]


def test_the_nuisance_that_is_best_on_validation_stands_for_a_value() -> None:
    question = a_question(**NUISANCE)
    assert choice(question, {0: 1.0, 1: 2.0, 2: 1.0, 3: 3.0}) == 0.3
    assert choice(question, {0: 1.0, 1: 4.0, 2: 1.0, 3: 3.0}) == 0.1


def test_where_less_is_better_the_nuisance_with_less_is_chosen() -> None:
    question = a_question(**NUISANCE, metric=Metric("acc", goal="minimize"))
    assert choice(question, {0: 1.0, 1: 2.0, 2: 1.0, 3: 3.0}) == 0.1


def test_a_nuisance_that_diverges_loses_to_one_that_does_not() -> None:
    assert choice(a_question(**NUISANCE), {0: 1.0, 1: 2.0, 2: 9.0}, diverged=[3]) == 0.1


def test_intervals_of_three_seeds_hold_the_truth_95_times_in_100() -> None:
    rng = random.Random(20261120)
    held = 0
    for _ in range(4000):
        low, high = interval([rng.gauss(0, 1) for _ in range(3)], 0.05)
        held += low <= 0 <= high
    assert held / 4000 == pytest.approx(0.95, abs=3 * math.sqrt(0.95 * 0.05 / 4000))


@pytest.mark.unwatched
@pytest.mark.parametrize("scale", ["", "ordered"])
def test_four_values_without_any_effect_get_a_false_verdict_at_most_5_times_in_100(scale: str) -> None:
    rng = random.Random(4)
    question = a_question(values=("a", "b", "c", "d"), baseline="a", seeds=(1, 2, 3, 4, 5), scale=scale)
    wrong = 0
    for _ in range(2000):
        samples = [an_estimate(value, *(rng.gauss(0, 1) for _ in range(5))) for value in question.values]
        found = compare(question, samples)
        wrong += any(one.verdict in ("better", "worse", "rising", "falling") for one in found)
    assert wrong / 2000 <= 0.05


def test_a_difference_of_two_sd_is_found_by_five_seeds_three_times_in_four() -> None:
    rng = random.Random(5)
    question = a_question()
    found = 0
    for _ in range(1000):
        samples = [an_estimate(v, *(rng.gauss(d, 1) for _ in range(5))) for v, d in (("bn", 0), ("wn", 2))]
        found += compare(question, samples)[0].verdict == "better"
    assert found / 1000 >= 0.73  # 0.77 in the long run
