"""How many of a project's answers are expected to be false."""

from __future__ import annotations

import random

import pytest
from statsmodels.stats.multitest import multipletests

from tracker.statistics.discovery import benjamini_hochberg, expected_false
from tracker.statistics.verdicts import Comparison
from tracker.wording.sentences import reliance


@pytest.mark.parametrize("seed", range(40))
def test_benjamini_and_hochberg(seed: int) -> None:
    rng = random.Random(seed)
    ps = [rng.random() ** 3 for _ in range(rng.randint(1, 30))]
    assert benjamini_hochberg(ps) == pytest.approx(multipletests(ps, method="fdr_bh")[1])


def told(verdict: str, p: float | None, p_same: float | None = None) -> Comparison:
    return Comparison("wn", "Welch t", (5, 5), 1.0, p=p, p_same=p_same, verdict=verdict)


def test_open_questions_count_among_the_tests_and_untested_ones_do_not() -> None:
    answered = [told("better", 0.04)] * 40
    assert expected_false([*answered, None, told("unreplicated", None)]) == (40, 2)
    assert expected_false([*answered, *[told("inconclusive", 0.9)] * 40]) == (40, 4)


def test_sameness_counts_with_its_own_p() -> None:
    assert expected_false([told("same", 0.9, 0.001)]) == (1, 1)
    assert expected_false([told("same", 0.9, 0.0), told("better-but-small", 0.0, 0.0)]) == (2, 0)


def test_the_sentence_says_both_numbers_and_nothing_of_a_single_answer() -> None:
    assert (
        reliance(41, 2)
        == "Of 41 answers by a test, at most 2 are expected to be false (Benjamini and Hochberg)."
    )
    assert reliance(1, 1) == ""
