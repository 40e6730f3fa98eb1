"""Means, spreads and shapes against scipy's own."""

from __future__ import annotations

import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tracker.statistics.moments import correlation, mean, outlier, pooled, sd, skewed, skewness, variance

NUMBERS = st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=3, max_size=9)


@given(NUMBERS)
def test_mean_and_spread_are_those_of_the_standard_library(numbers: list[float]) -> None:
    assert mean(numbers) == pytest.approx(statistics.fmean(numbers), rel=1e-12, abs=1e-12)
    assert variance(numbers) == pytest.approx(statistics.variance(numbers), rel=1e-9, abs=1e-12)
    assert sd(numbers) == pytest.approx(statistics.stdev(numbers), rel=1e-7, abs=1e-9)


@given(st.floats(-1e6, 1e6), st.integers(2, 9))
def test_equal_numbers_have_no_spread_at_all(number: float, n: int) -> None:
    assert sd([number] * n) == 0


@given(NUMBERS.filter(lambda numbers: statistics.stdev(numbers) > 1))
def test_skewness_is_scipys(numbers: list[float]) -> None:
    assert skewness(numbers) == pytest.approx(stats.skew(numbers), rel=1e-6, abs=1e-9)


@given(st.lists(st.tuples(st.integers(-99, 99), st.integers(-99, 99)), min_size=3, max_size=9))
def test_the_correlation_is_scipys(pairs: list[tuple[int, int]]) -> None:
    ones, others = [one for one, _ in pairs], [other for _, other in pairs]
    if len(set(ones)) > 1 and len(set(others)) > 1:
        assert correlation(ones, others) == pytest.approx(stats.pearsonr(ones, others).statistic, abs=1e-9)
    else:
        assert correlation(ones, others) is None


def test_the_common_spread_weighs_samples_by_their_freedom() -> None:
    assert pooled([[1, 2, 3], [10, 14], [5]]) == (pytest.approx(((2 + 8) / 3) ** 0.5), 3)
    assert pooled([[1], []]) == (0.0, 0)


@pytest.mark.parametrize(("n", "bound"), [(4, 1.496), (5, 1.764), (10, 2.482), (20, 3.001)])
def test_an_outlier_lies_beyond_grubbs_bound(n: int, bound: float) -> None:
    """Bounds for 1 % in two tails, from the tables of Grubbs & Beck 1972, to three digits."""
    from tracker.statistics.moments import _grubbs

    assert _grubbs(n) == pytest.approx(bound, abs=0.001)


def test_only_a_seed_far_from_the_others_is_an_outlier() -> None:
    assert outlier({1: 60.0, 2: 60.1, 3: 59.9, 4: 60.05, 5: 50.0}) == 5
    assert outlier({1: 60.0, 2: 60.1, 3: 59.9, 4: 60.05, 5: 59.8}) is None
    assert outlier({1: 60.0, 2: 60.0, 3: 59.9}) is None
    assert outlier({1: 60.0, 2: 60.0, 3: 60.0, 4: 60.0}) is None


def test_normal_seeds_are_seldom_called_skewed_and_skewed_ones_often() -> None:
    rng = random.Random(7)
    normal = sum(skewed([[rng.gauss(0, 1) for _ in range(5)] for _ in range(4)]) for _ in range(2000))
    leaning = sum(
        skewed([[rng.lognormvariate(0, 0.8) for _ in range(5)] for _ in range(4)]) for _ in range(2000)
    )
    assert normal / 2000 <= 0.06
    assert leaning / 2000 >= 0.4


def test_samples_without_a_spread_are_not_skewed() -> None:
    assert not skewed([[1.0, 1.0, 1.0], [2.0]])
