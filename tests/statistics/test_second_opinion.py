"""Every test that a finding rests on, calculated once more by statsmodels and by pingouin."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy
import pingouin
import pytest
import statsmodels.api
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.oneway import anova_oneway
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW, ttost_ind, ttost_paired

from tracker.statistics.effects import Sample, bend, hedges, holm, paired, slope, welch
from tracker.statistics.omnibus import welch_anova
from tracker.statistics.seeds import power
from tracker.statistics.testset import wilson

DRAWS = range(40)


def draw(seed: int) -> tuple[list[float], list[float]]:
    """Two samples of 3 to 10 numbers with different means and spreads."""
    rng = random.Random(seed)
    return tuple(
        [rng.gauss(rng.choice([0, 2]), rng.choice([0.5, 3])) for _ in range(rng.randint(3, 10))]
        for _ in range(2)
    )  # type: ignore[return-value]


@pytest.mark.parametrize("seed", DRAWS)
def test_welch(seed: int) -> None:
    one, other = draw(seed)
    theirs = CompareMeans(DescrStatsW(one), DescrStatsW(other))
    ours = welch(Sample.of(one), Sample.of(other))

    _, p, freedom = theirs.ttest_ind(usevar="unequal")

    assert (ours.p, ours.freedom) == pytest.approx((p, freedom))
    assert ours.interval(0.05) == pytest.approx(theirs.tconfint_diff(0.05, usevar="unequal"))
    assert ours.p_beyond(1.5) == pytest.approx(ttost_ind(one, other, -1.5, 1.5, usevar="unequal")[0])


@pytest.mark.parametrize("seed", DRAWS)
def test_pairs(seed: int) -> None:
    one, other = draw(seed)
    n = min(len(one), len(other))
    gaps = DescrStatsW(numpy.subtract(one[:n], other[:n]))
    ours = paired(one[:n], other[:n])

    assert ours.p == pytest.approx(gaps.ttest_mean(0)[1])
    assert ours.interval(0.1) == pytest.approx(gaps.tconfint_mean(0.1))
    theirs = ttost_paired(numpy.array(one[:n]), numpy.array(other[:n]), -1.5, 1.5)
    assert ours.p_beyond(1.5) == pytest.approx(theirs[0])


@pytest.mark.parametrize("seed", DRAWS)
def test_whether_the_parameter_matters_at_all(seed: int) -> None:
    samples = [*draw(seed), *draw(seed + 1000)]
    theirs = anova_oneway(samples, use_var="unequal", welch_correction=True)
    assert welch_anova([Sample.of(numbers) for numbers in samples]) == pytest.approx(theirs.pvalue)


def test_values_that_do_not_vary_have_no_test_of_all() -> None:
    assert welch_anova([Sample.of([1.0, 1.0]), Sample.of([2.0, 3.0])]) is None
    assert welch_anova([Sample.of([2.0, 3.0])]) is None


def a_trend(seed: int) -> tuple[list[float], list[float]]:
    rng = random.Random(seed)
    places = [place for place in (0.0, 1.0, 2.5, 4.0) for _ in range(rng.randint(3, 5))]
    return places, [50 + place - 0.2 * place**2 + rng.gauss(0, 1) for place in places]


def least_squares(columns: Sequence[Sequence[float]], numbers: Sequence[float]) -> object:
    return statsmodels.api.OLS(numbers, numpy.array(columns).T).fit()


@pytest.mark.parametrize("seed", DRAWS)
def test_slope_and_bend(seed: int) -> None:
    places, numbers = a_trend(seed)
    ones, squares = [1.0] * len(places), [place**2 for place in places]
    line, curve = least_squares([ones, places], numbers), least_squares([ones, places, squares], numbers)

    assert slope(places, numbers).delta == pytest.approx(4 * line.params[1])  # type: ignore[attr-defined]
    assert slope(places, numbers).p == pytest.approx(line.pvalues[1])  # type: ignore[attr-defined]
    assert bend(places, numbers).effect.delta == pytest.approx(-4 * curve.params[2])  # type: ignore[attr-defined]
    assert bend(places, numbers).effect.p == pytest.approx(curve.pvalues[2])  # type: ignore[attr-defined]


@pytest.mark.parametrize("seed", DRAWS)
def test_holm(seed: int) -> None:
    rng = random.Random(seed)
    ps = [rng.random() ** 3 for _ in range(rng.randint(1, 9))]
    assert holm(ps) == pytest.approx(multipletests(ps, method="holm")[1])


@pytest.mark.parametrize(
    ("distance", "n", "alpha"), [(2, 5, 0.05), (0.5, 64, 0.05), (1, 10, 0.01), (3, 3, 0.1)]
)
def test_power(distance: float, n: int, alpha: float) -> None:
    theirs = TTestIndPower().power(distance, n, alpha, alternative="larger", ratio=1)
    assert power(distance, 1.0, n, 2 * alpha) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(("count", "n"), [(0, 10), (9, 10), (9012, 10_000)])
def test_wilson(count: int, n: int) -> None:
    assert wilson(count / n, n, 0.05) == pytest.approx(
        proportion_confint(count, n, method="wilson"), abs=1e-9
    )


@pytest.mark.parametrize("seed", DRAWS)
def test_differences_as_pingouin_tells_them(seed: int) -> None:
    one, other = draw(seed)
    theirs = pingouin.ttest(one, other, correction=True).iloc[0]
    ours = welch(Sample.of(one), Sample.of(other))

    assert (ours.p, ours.freedom) == pytest.approx((theirs["p_val"], theirs["dof"]))
    g = hedges(ours.delta, (one, other))
    assert g == pytest.approx(pingouin.compute_effsize(one, other, eftype="hedges"))
