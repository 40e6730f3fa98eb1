"""Tests of one value against another, or of all along a scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tracker.configs import same
from tracker.questions.question import Question
from tracker.statistics.effects import Bend, Effect, Sample, bend, hedges, paired, slope, welch
from tracker.statistics.estimates import Estimate
from tracker.statistics.moments import correlation, mean
from tracker.statistics.seeds import FEWEST
from tracker.statistics.sensitivity import with_ranks
from tracker.statistics.verdicts import Comparison, Tested, judged

__all__ = ["BEND_SHARE", "FEWEST", "Comparison", "compare", "lost", "places"]

BEND_SHARE = 0.2  # of a trend's part of alpha, for the bend; the slope is what is mostly asked about
_NOISE = 1e-12  # a spread under this share of the numbers is rounding, not replication


def compare(question: Question, estimates: Sequence[Estimate]) -> tuple[Comparison, ...]:
    """The trend, if there is a scale, then every value against the baseline, if there is one.

    All of them are one family for Holm's adjustment, the p of sameness as a family of its own.
    """
    base = next(
        (one for one in estimates if question.has_baseline and same(one.value, question.baseline)), None
    )
    trend = _trend(question, estimates) if question.scale else []
    others = [_against(question, one, base) for one in estimates if base and one is not base]
    found = judged(question, [*trend, *others])
    if len(trend) == 2:
        line, curve = found[:2]
        bent = line.verdict not in ("rising", "falling") and curve.verdict in ("peak", "valley")
        found = (curve if bent else line, *found[2:])
    return with_ranks(question, found, estimates, places(question) if question.scale else ())


def places(question: Question) -> tuple[float, ...]:
    """Where each value lies on the question's scale: its rank as declared, or its logarithm."""
    if question.scale == "log":
        return tuple(math.log(value) for value in question.values)
    return tuple(float(rank) for rank in range(len(question.values)))


def lost(question: Question, one: Estimate) -> bool:
    """Whether a value diverged with every seed, which is an answer of its own."""
    return one.completed == one.diverged == len(question.seeds)


def _trend(question: Question, estimates: Sequence[Estimate]) -> list[Tested]:
    """The slope, and the bend where three values or more leave room for one."""
    n = tuple(one.n for one in estimates)
    blank = Comparison(None, "slope t", n, None)
    if any(lost(question, one) for one in estimates):
        return [Tested(replace(blank, verdict="diverged"))]
    where = places(question)
    along = [place for place, one in zip(where, estimates, strict=True) for _ in one.skills]
    numbers = [number for one in estimates for number in one.skills.values()]
    if min(n) == 0 or len(along) < FEWEST:
        return [Tested(blank)]
    line = slope(along, numbers)
    silent = all(_constant(list(one.skills.values())) for one in estimates) or min(n) < FEWEST
    slanted = replace(blank, delta=line.delta)
    if silent or _tiny(line):
        return [Tested(slanted)]
    if len(estimates) < 3 or _tiny((curve := bend(along, numbers)).effect):
        return [Tested(slanted, line, places=where, samples=tuple(estimates))]
    turn = _turn(where, curve, estimates)
    arched = replace(blank, test="bend t", delta=curve.effect.delta, value=turn)
    return [
        Tested(slanted, line, 1 - BEND_SHARE, where, tuple(estimates)),
        Tested(arched, curve.effect, BEND_SHARE, where, tuple(estimates)),
    ]


def _against(question: Question, one: Estimate, base: Estimate) -> Tested:
    numbers, baseline = _samples(question, one, base)
    pairs = bool(question.pair_by)
    n = (len(numbers),) if pairs else (len(numbers), len(baseline))
    told = one.value, "paired t" if pairs else "Welch t", n
    if lost(question, one) or lost(question, base):
        return Tested(Comparison(*told, None, verdict="diverged"))
    if not numbers or not baseline:
        return Tested(Comparison(*told, None))
    delta = mean(numbers) - mean(baseline)
    if min(n) < 2:
        return Tested(Comparison(*told, delta))
    together = correlation(numbers, baseline) if pairs else None
    found = Comparison(*told, delta, g=hedges(delta, (numbers, baseline)), correlation=together)
    effect = paired(numbers, baseline) if pairs else welch(Sample.of(numbers), Sample.of(baseline))
    identical = _constant(numbers) and _constant(baseline)
    testable = min(n) >= FEWEST and not identical and not _tiny(effect)
    return Tested(found, effect if testable else None, samples=(one, base))


def _samples(question: Question, one: Estimate, base: Estimate) -> tuple[list[float], list[float]]:
    """The skills of a value and of the baseline; of pairs, those of the seeds that both have."""
    if not question.pair_by:
        return list(one.skills.values()), list(base.skills.values())
    shared = [seed for seed in one.skills if seed in base.skills]
    return [one.skills[seed] for seed in shared], [base.skills[seed] for seed in shared]


def _turn(along: Sequence[float], curve: Bend, estimates: Sequence[Estimate]) -> Any:
    """The value with the extreme mean, where that and the parabola's turn lie inside; else None."""
    means = [one.mean or 0.0 for one in estimates]
    place = means.index(max(means) if curve.effect.delta > 0 else min(means))
    inside = curve.turns and min(along) < along[place] < max(along)
    return estimates[place].value if inside else None


def _constant(numbers: Sequence[float]) -> bool:
    return max(numbers) - min(numbers) <= _NOISE * max(map(abs, numbers))


def _tiny(effect: Effect) -> bool:
    return effect.error <= _NOISE * abs(effect.delta)
