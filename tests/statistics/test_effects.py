"""Tests and trends against a calculation that was written by others."""

from __future__ import annotations

import random

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tracker.statistics.effects import Sample, bend, hedges, holm, slope, slopes_without_each, welch

SAMPLES = st.lists(st.integers(-99, 99).map(float), min_size=4, max_size=9).filter(lambda x: len(set(x)) > 2)


@given(SAMPLES, SAMPLES)
def test_welch_without_one_number_is_welch_of_the_rest(one: list[float], other: list[float]) -> None:
    for place, number in enumerate(one):
        rest = one[:place] + one[place + 1 :]
        if len(set(rest)) > 1:
            ours, again = (
                welch(Sample.of(one).without(number), Sample.of(other)),
                welch(Sample.of(rest), Sample.of(other)),
            )
            assert ours.delta == pytest.approx(again.delta, abs=1e-9)
            assert ours.error == pytest.approx(again.error, rel=1e-6)
            assert ours.freedom == pytest.approx(again.freedom, rel=1e-6)


def test_slopes_without_each_point_are_slopes_of_the_rest() -> None:
    rng = random.Random(3)
    places = [0.0] * 3 + [1.0] * 3 + [4.0] * 3
    numbers = [2 + place + rng.gauss(0, 1) for place in places]
    for left_out, found in enumerate(slopes_without_each(places, numbers)):
        rest = [place for place in range(9) if place != left_out]
        again = slope([places[place] for place in rest], [numbers[place] for place in rest])
        assert (found.delta, found.error, found.freedom) == pytest.approx(
            (again.delta, again.error, again.freedom)
        )


@pytest.mark.parametrize("places", [(0, 1, 2), (0, 1, 2, 3), (1.1, 2.3, 4.0, 9.5)])
def test_the_bend_is_the_parabola_of_least_squares(places: tuple[float, ...]) -> None:
    rng = random.Random(5)
    along = [float(place) for place in places for _ in range(4)]
    numbers = [3 + place - 0.3 * place**2 + rng.gauss(0, 1) for place in along]
    found = bend(along, numbers)

    design = numpy.stack([numpy.ones(len(along)), along, numpy.square(along)], axis=1)
    fitted, rest, _, _ = numpy.linalg.lstsq(design, numpy.array(numbers), rcond=None)
    error = numpy.sqrt((rest[0] / (len(along) - 3)) * numpy.linalg.inv(design.T @ design)[2, 2])
    reach = max(places) - min(places)
    turn = -fitted[1] / (2 * fitted[2])

    assert found.effect.delta == pytest.approx(-fitted[2] * reach**2 / 4)
    assert found.effect.error == pytest.approx(error * reach**2 / 4)
    assert found.effect.freedom == len(along) - 3
    assert found.turns == (min(places) < turn < max(places))


def test_holm_shares_alpha_by_weight() -> None:
    assert holm([0.03, 0.004], [0.8, 0.2]) == pytest.approx(
        (0.03, 0.02)
    )  # .004 / .2 goes first and leaves .8
    assert holm([0.01, 0.02], [1, 1]) == pytest.approx(holm([0.01, 0.02]))


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=6))
def test_holm_with_one_weight_for_all_is_holm(ps: list[float]) -> None:
    assert holm(ps, [0.3] * len(ps)) == pytest.approx(holm(ps))


def test_hedges_g_is_cohens_d_without_its_bias() -> None:
    one, other = [10.0, 11, 12, 14], [8.0, 9, 9, 11]
    spread = ((3 * stats.tvar(one) + 3 * stats.tvar(other)) / 6) ** 0.5
    assert hedges(2.5, (one, other)) == pytest.approx(2.5 / spread * (1 - 3 / 23))
    assert hedges(2.5, ([1.0, 1], [2.0, 2])) is None
