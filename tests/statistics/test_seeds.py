"""How many seeds are enough."""

from __future__ import annotations

import math
import random

import pytest
from scipy import stats

from tracker.statistics.seeds import (
    MOST,
    PAIRS,
    TWO_SAMPLES,
    Design,
    careful,
    power,
    seeds_needed,
    trend_design,
)

KNOWN = 10**9  # degrees of freedom of a spread that is known


@pytest.mark.parametrize(("distance", "seeds"), [(0.5, 64), (1, 17), (1.5, 9), (2, 6), (3, 4), (4, 3)])
def test_the_seeds_for_a_distance_in_spreads_are_those_of_the_textbook(distance: float, seeds: int) -> None:
    assert seeds_needed(distance, 1.0, KNOWN, 0.05) == seeds


@pytest.mark.parametrize("design", [TWO_SAMPLES, PAIRS, trend_design((0, 1, 2, 3)), trend_design((1, 5))])
def test_the_power_is_that_of_the_noncentral_t(design: Design) -> None:
    for n, margin in ((3, 1.0), (5, 2.0), (20, 0.5)):
        freedom = design.freedom(n)
        far = margin * math.sqrt(n) / design.scale
        expected = stats.nct.sf(stats.t.isf(0.025, freedom), freedom, far)
        assert power(margin, 1.0, n, 0.05, design) == pytest.approx(expected, abs=1e-6)


def test_a_trend_through_two_values_needs_what_two_samples_need() -> None:
    assert trend_design((0, 1)).scale == pytest.approx(TWO_SAMPLES.scale)
    assert trend_design((0, 1)).freedom(5) == TWO_SAMPLES.freedom(5)


def test_a_spread_from_few_seeds_is_planned_with_carefully() -> None:
    rng = random.Random(2)
    enough = sum(
        careful(math.sqrt(sum(rng.gauss(0, 1) ** 2 for _ in range(4)) / 4), 4) >= 1 for _ in range(4000)
    )
    assert enough / 4000 == pytest.approx(0.8, abs=0.02)
    assert (seeds_needed(2, 1, 4, 0.05) or 0) > (seeds_needed(2, 1, 100, 0.05) or 0) >= 6


@pytest.mark.parametrize(
    ("margin", "sd", "freedom", "seeds"),
    [
        (1e-9, 1.0, 5, MOST + 1),
        (1e9, 1.0, 5, 3),
        (1.0, 0.0, 5, None),
        (1.0, 1.0, 0, None),
        (1e300, 1e-9, 9, 3),
    ],
)
def test_extreme_questions_have_an_answer_too(
    margin: float, sd: float, freedom: int, seeds: int | None
) -> None:
    assert seeds_needed(margin, sd, freedom, 0.05) == seeds


def test_the_answer_is_the_fewest_seeds_that_have_the_power() -> None:
    for margin in (0.3, 0.7, 1.3, 2.2):
        for design in (TWO_SAMPLES, PAIRS, trend_design((0, 1, 2))):
            n = seeds_needed(margin, 1.0, KNOWN, 0.01, design)
            assert n is not None
            assert power(margin, 1.0, n, 0.01, design) >= 0.8
            assert n == 3 or power(margin, 1.0, n - 1, 0.01, design) < 0.8
