"""Tests of one value against another, or of all along a scale."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.configs import same
from tracker.estimates import Estimate
from tracker.questions.question import Question

FEWEST = 3  # seeds per value for a verdict: with two, a t interval is 18 sd wide
WITHIN = ("same", "flat", "better-but-small", "worse-but-small")  # verdicts that rest on p_same
_NOISE = 1e-12  # a spread under this share of the numbers is rounding, not replication


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference with its standard error and degrees of freedom."""

    delta: float
    error: float
    freedom: float

    @property
    def p(self) -> float:
        """Two-sided p of Student's t for no difference."""
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.delta) / self.error))

    def p_beyond(self, margin: float) -> float:
        """The p of two one-sided tests (TOST): small when the difference lies within ± margin."""
        from scipy.special import stdtr

        return float(stdtr(self.freedom, (abs(self.delta) - margin) / self.error))

    def interval(self, alpha: float) -> tuple[float, float]:
        """The interval that holds the difference 1 - alpha of the time."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 1 - alpha / 2)) * self.error
        return self.delta - half, self.delta + half


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value against the baseline, or the trend over all values; p is adjusted within the question."""

    value: Any  # None for a trend
    test: str  # "Welch t", "paired t" or "slope t"
    n: tuple[int, ...]  # per value; for pairs, their number
    delta: float | None  # value minus baseline; for a trend, the fitted change from one end to the other
    low: float | None = None
    high: float | None = None
    level: float | None = None  # of the interval: 1 - alpha, or 1 - 2 alpha where the verdict rests on p_same
    p: float | None = None
    p_same: float | None = None  # TOST at the metric's sesoi
    family: int = 1  # how many tests Holm's adjustment went over
    verdict: str = "unreplicated"


def welch(numbers: Sequence[float], baseline: Sequence[float]) -> Effect:
    """The difference of two means whose spreads may differ; two numbers or more each."""
    parts = [statistics.variance(sample) / len(sample) for sample in (numbers, baseline)]
    square = sum(parts)
    share = parts[0] / square if square else 0.5
    freedom = 1 / (share**2 / (len(numbers) - 1) + (1 - share) ** 2 / (len(baseline) - 1))
    return Effect(statistics.fmean(numbers) - statistics.fmean(baseline), math.sqrt(square), freedom)


def paired(numbers: Sequence[float], baseline: Sequence[float]) -> Effect:
    """The mean difference of pairs, two or more."""
    gaps = [one - other for one, other in zip(numbers, baseline, strict=True)]
    return Effect(statistics.fmean(gaps), statistics.stdev(gaps) / math.sqrt(len(gaps)), len(gaps) - 1)


def slope(places: Sequence[float], numbers: Sequence[float]) -> Effect:
    """The change of a fitted line from the lowest place to the highest; three points or more."""
    centre, mean = statistics.fmean(places), statistics.fmean(numbers)
    square = sum((place - centre) ** 2 for place in places)
    pairs = list(zip(places, numbers, strict=True))
    steep = sum((place - centre) * (number - mean) for place, number in pairs) / square
    rest = sum((number - mean - steep * (place - centre)) ** 2 for place, number in pairs)
    freedom = len(numbers) - 2
    reach = max(places) - min(places)
    return Effect(steep * reach, math.sqrt(rest / freedom / square) * reach, freedom)


def holm(ps: Sequence[float]) -> tuple[float, ...]:
    """The p values adjusted so that all of them together err as seldom as one."""
    adjusted = [0.0] * len(ps)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(ps)), key=lambda place: ps[place])):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = highest
    return tuple(adjusted)


def compare(question: Question, estimates: Sequence[Estimate]) -> tuple[Comparison, ...]:
    """The trend, if there is a scale, then every value against the baseline, if there is one.

    All of them are one family for Holm's adjustment, the p of sameness as a family of its own.
    """
    trend = [_trend(question, estimates)] if question.scale else []
    base = next(
        (one for one in estimates if question.has_baseline and same(one.value, question.baseline)), None
    )
    others = [one for one in estimates if one is not base] if base else []
    found = trend + [_against(question, one, base) for one in others if base]
    return _judged(question, found)


def places(question: Question) -> tuple[float, ...]:
    """Where each value lies on the question's scale: its rank as declared, or its logarithm."""
    if question.scale == "log":
        return tuple(math.log(value) for value in question.values)
    return tuple(float(rank) for rank in range(len(question.values)))


def lost(question: Question, one: Estimate) -> bool:
    """Whether a value diverged with every seed, which is an answer of its own."""
    return one.completed == one.diverged == len(question.seeds)


_Tested = tuple[Comparison, Effect | None]  # no effect where there is nothing to test


def _trend(question: Question, estimates: Sequence[Estimate]) -> _Tested:
    located = [
        (place, number)
        for place, one in zip(places(question), estimates, strict=True)
        for number in one.skills.values()
    ]
    n = tuple(one.n for one in estimates)
    if any(lost(question, one) for one in estimates):
        return Comparison(None, "slope t", n, None, verdict="diverged"), None
    if min(n) == 0 or len(located) < FEWEST:
        return Comparison(None, "slope t", n, None), None
    effect = slope([place for place, _ in located], [number for _, number in located])
    identical = all(_constant(list(one.skills.values())) for one in estimates)
    return _result(Comparison(None, "slope t", n, effect.delta), effect, identical)


def _against(question: Question, one: Estimate, base: Estimate) -> _Tested:
    test: Callable[[Sequence[float], Sequence[float]], Effect] = welch
    left, right, name = one.skills, base.skills, "Welch t"
    if question.pair_by:
        shared = [seed for seed in left if seed in right]
        left, right = {seed: left[seed] for seed in shared}, {seed: right[seed] for seed in shared}
        test, name = paired, "paired t"
    numbers, baseline = list(left.values()), list(right.values())
    n = (len(numbers),) if question.pair_by else (len(numbers), len(baseline))
    if lost(question, one) or lost(question, base):
        return Comparison(one.value, name, n, None, verdict="diverged"), None
    if not numbers or not baseline:
        return Comparison(one.value, name, n, None), None
    delta = statistics.fmean(numbers) - statistics.fmean(baseline)
    if min(n) < 2:
        return Comparison(one.value, name, n, delta), None
    identical = _constant(numbers) and _constant(baseline)
    return _result(Comparison(one.value, name, n, delta), test(numbers, baseline), identical)


def _result(comparison: Comparison, effect: Effect, identical: bool) -> _Tested:
    tiny = effect.error <= _NOISE * abs(effect.delta)
    return comparison, None if identical or tiny or min(comparison.n) < FEWEST else effect


def _constant(numbers: Sequence[float]) -> bool:
    return max(numbers) - min(numbers) <= _NOISE * max(map(abs, numbers))


def _judged(question: Question, found: Sequence[_Tested]) -> tuple[Comparison, ...]:
    margin = question.metric.sesoi
    effects = [effect for _, effect in found if effect]
    adjusted = iter(holm([effect.p for effect in effects]))
    within = iter(holm([effect.p_beyond(margin) for effect in effects]) if margin else [None] * len(effects))
    return tuple(
        _settled(question, comparison, effect, next(adjusted), next(within), len(effects))
        if effect
        else comparison
        for comparison, effect in found
    )


def _settled(
    question: Question, one: Comparison, effect: Effect, p: float, p_same: float | None, family: int
) -> Comparison:
    decided = p < question.alpha
    small = p_same is not None and p_same < question.alpha < 0.5  # from 0.5 on, TOST has no interval
    if one.test == "slope t":
        word = (
            ("rising" if effect.delta > 0 else "falling") if decided else "flat" if small else "inconclusive"
        )
    elif decided:
        up = effect.delta > 0
        word = ("better" if up == (question.metric.goal == "maximize") else "worse") + "-but-small" * small
    else:
        word = "same" if small else "inconclusive"
    alpha = 2 * question.alpha if word in WITHIN else question.alpha  # TOST at alpha goes with 1 - 2 alpha
    low, high = effect.interval(alpha)
    return replace(one, low=low, high=high, level=1 - alpha, p=p, p_same=p_same, family=family, verdict=word)
