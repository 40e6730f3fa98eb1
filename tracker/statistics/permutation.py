"""What the seeds say of a difference when no shape of their numbers is assumed; asked of many alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tracker.questions.question import Question
from tracker.statistics.comparisons import places
from tracker.statistics.estimates import Estimate
from tracker.statistics.sensitivity import about
from tracker.statistics.verdicts import Comparison

MANY = 20  # seeds of each value: from here on, the seeds themselves can vouch for a test
DRAWS = 9_999  # permutations
SURE = 3.0  # standard errors of the draws by which p must lie on the other side of a bar
_START = 0  # of the draws, so that the same runs always give the same p


def with_permutations(
    question: Question, comparisons: Sequence[Comparison], estimates: Sequence[Estimate]
) -> tuple[Comparison, ...]:
    """The comparisons of `MANY` seeds and more, each with its p by permutation; a bend has none."""
    return tuple(_checked(question, one, about(question, one, estimates)) for one in comparisons)


def _checked(question: Question, one: Comparison, samples: Sequence[Estimate]) -> Comparison:
    if one.effect is None or one.p is None or not samples or min(each.n for each in samples) < MANY:
        return one
    p = _TESTS[one.test](question, samples)
    if p is None:
        return one
    factor = one.p / one.effect.p if one.effect.p else float(one.family)
    turned = turns(one.effect.p, p, question.error_rate / factor)
    return replace(one, p_permuted=min(1.0, p * factor), by_permutation=turned)


def turns(p: float, other: float, bar: float) -> str:
    """What permutation makes of a test with p: "open" or "found" where it is surely on the other side."""
    noise = SURE * math.sqrt(max(bar * (1 - bar), 0.0) / DRAWS)
    if p < bar <= other - noise:
        return "open"
    return "found" if other + noise < bar <= p else ""


def _apart(_question: Question, samples: Sequence[Estimate]) -> float:
    """Labels change places; Welch's t is compared, so that the spreads may differ."""
    from numpy import sqrt

    def t(one: Any, other: Any, axis: int) -> Any:
        spread = one.var(axis, ddof=1) / one.shape[axis] + other.var(axis, ddof=1) / other.shape[axis]
        return (one.mean(axis) - other.mean(axis)) / sqrt(spread)

    return _p([_numbers(one) for one in samples], t, "independent")


def _pairs(_question: Question, samples: Sequence[Estimate]) -> float | None:
    """The two numbers of a seed change places."""
    one, base = samples
    shared = [seed for seed in one.skills if seed in base.skills]
    if len(shared) < MANY:
        return None
    numbers = [[each.skills[seed] for seed in shared] for each in samples]
    return _p(numbers, lambda mine, its, axis: (mine - its).mean(axis), "samples")


def _slope(question: Question, samples: Sequence[Estimate]) -> float:
    """Numbers change places along the scale."""
    from numpy import array

    along = array([place for place, one in zip(places(question), samples, strict=True) for _ in one.skills])
    away = along - along.mean()
    together = [number for one in samples for number in _numbers(one)]
    return _p([together], lambda numbers, axis: (away * numbers).sum(axis), "pairings")


def _p(samples: Sequence[Sequence[float]], statistic: Any, kind: Any) -> float:
    from numpy import errstate
    from scipy.stats import permutation_test

    with errstate(divide="ignore", invalid="ignore"):  # one permutation may leave both sides without spread
        found = permutation_test(
            samples, statistic, permutation_type=kind, vectorized=True, n_resamples=DRAWS, rng=_START
        )
    return float(found.pvalue)


def _numbers(one: Estimate) -> list[float]:
    return list(one.skills.values())


_TESTS = {"Welch t": _apart, "paired t": _pairs, "slope t": _slope}
