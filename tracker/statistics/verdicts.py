"""From tests to verdicts, one family of tests per question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tracker.questions.question import Question
from tracker.statistics.effects import Effect, holm
from tracker.statistics.estimates import Estimate
from tracker.statistics.robustness import seeds_that_decide

WITHIN = ("same", "flat", "better-but-small", "worse-but-small")  # verdicts that rest on p_same
OPEN = ("", "unreplicated", "inconclusive")  # verdicts that answer nothing
TRENDS = ("slope t", "bend t")
_DIRECTED = ("better", "worse", "better-but-small", "worse-but-small", "rising", "falling")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A value against the baseline, or the trend over all values; p is adjusted within the question."""

    value: Any  # None for a trend; for a peak or a valley, the value with the extreme mean
    test: str  # "Welch t", "paired t", "slope t" or "bend t"
    n: tuple[int, ...]  # per value; for pairs, their number
    # value minus baseline; of a slope, the fitted change from one end to the other; of a bend, how far the
    # fitted middle lies above the mean of the fitted ends
    delta: float | None
    low: float | None = None
    high: float | None = None
    level: float | None = None  # of the interval: 1 - alpha, or 1 - 2 alpha where the verdict rests on p_same
    p: float | None = None
    p_same: float | None = None  # TOST at the metric's sesoi
    family: int = 1  # how many tests Holm's adjustment went over
    verdict: str = "unreplicated"
    g: float | None = None  # Hedges's g, the difference in standard deviations of the seeds
    correlation: float | None = None  # of pairs
    effect: Effect | None = None  # what was tested
    hangs_on: tuple[tuple[Any, int], ...] = ()  # value, seed: without it the verdict would be another
    p_permuted: float | None = None  # p by permutation, adjusted as p; with 20 seeds per value or more
    by_permutation: str = ""  # open or found, where that is not what p says
    by_ranks: str = ""  # with diverged runs as the worst, where that turns it: a verdict, above, below, open


@dataclass(frozen=True, slots=True)
class Tested:
    """A comparison before its p is adjusted; without an effect there is nothing to test."""

    comparison: Comparison
    effect: Effect | None = None
    weight: float = 1.0  # its part of alpha
    places: tuple[float, ...] = ()  # of the samples, for a trend
    samples: tuple[Estimate, ...] = ()


def leading(question: Question, comparisons: Sequence[Comparison]) -> Comparison | None:
    """The comparison that speaks for a question in one row.

    One that diverged comes first; then the trend where there is a scale, else the value with the smallest
    adjusted p, the first of equals.
    """
    diverged = [one for one in comparisons if one.verdict == "diverged"]
    if diverged:
        return diverged[0]
    tested = [one for one in comparisons if one.p is not None]
    if question.scale or not tested:
        return next(iter(comparisons), None)
    return min(tested, key=lambda one: one.p if one.p is not None else 1.0)


def judged(question: Question, found: Sequence[Tested]) -> tuple[Comparison, ...]:
    """The comparisons with their adjusted p and their verdicts."""
    margin = question.metric.sesoi
    tests = [(one.effect, one.weight) for one in found if one.effect]
    adjusted = iter(holm([effect.p for effect, _ in tests], [weight for _, weight in tests]))
    straight = [one.effect for one in found if one.effect and one.comparison.test != "bend t"]
    within = iter(holm([effect.p_beyond(margin) for effect in straight]) if margin else [])
    judgements = []
    for one in found:
        if not one.effect:
            judgements.append(one.comparison)
            continue
        bent = one.comparison.test == "bend t"
        p_same = next(within) if margin and not bent else None
        judgements.append(_settled(question, one, one.effect, next(adjusted), p_same, len(tests)))
    return tuple(judgements)


def _settled(
    question: Question, one: Tested, effect: Effect, p: float, p_same: float | None, family: int
) -> Comparison:
    level = question.error_rate
    decided = p < level
    small = p_same is not None and p_same < level < 0.5  # from 0.5 on, TOST has no interval
    word = _word(question, one.comparison, effect, decided, small)
    alpha = 2 * level if word in WITHIN else level  # TOST at alpha goes with 1 - 2 alpha
    low, high = effect.interval(alpha)
    factor = p / effect.p if effect.p else float(family)
    crucial = seeds_that_decide(one.comparison.test, one.places, one.samples, effect, level / factor)
    return replace(
        one.comparison,
        low=low,
        high=high,
        level=1 - alpha,
        p=p,
        p_same=p_same,
        family=family,
        verdict=word,
        effect=effect,
        hangs_on=crucial if word in _DIRECTED else (),
    )


def _word(question: Question, one: Comparison, effect: Effect, decided: bool, small: bool) -> str:
    up = effect.delta > 0
    if one.test == "bend t":
        return "inconclusive" if not decided or one.value is None else "peak" if up else "valley"
    if one.test == "slope t":
        return ("rising" if up else "falling") if decided else "flat" if small else "inconclusive"
    if decided:
        return ("better" if up == (question.metric.goal == "maximize") else "worse") + "-but-small" * small
    return "same" if small else "inconclusive"
