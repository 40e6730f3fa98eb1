"""Whether a verdict would turn if runs that diverged counted as the worst of all."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tracker.configs import same
from tracker.questions.question import Question
from tracker.statistics.estimates import Estimate
from tracker.statistics.ranks import Ranking, rank_slope, rank_sums, signed_ranks
from tracker.statistics.seeds import FEWEST
from tracker.statistics.verdicts import Comparison

_UP = ("better", "rising")
_DOWN = ("worse", "falling")
_SIDE = {**dict.fromkeys(_UP, 1), **dict.fromkeys(_DOWN, -1)}

_Skills = Mapping[int, float]  # seed -> number


def with_ranks(
    question: Question,
    comparisons: Sequence[Comparison],
    estimates: Sequence[Estimate],
    places: Sequence[float],
) -> tuple[Comparison, ...]:
    """The comparisons, each with what ranks would make of it if that is something else."""
    if not any(one.diverged for one in estimates):
        return tuple(comparisons)
    found = []
    for one in comparisons:
        samples = about(question, one, estimates)
        asked = any(each.diverged for each in samples) and _is_complete(question, samples)
        turned = _turned(question, one, samples, places, len(comparisons)) if asked else ""
        found.append(replace(one, by_ranks=turned) if turned else one)
    return tuple(found)


def about(question: Question, one: Comparison, estimates: Sequence[Estimate]) -> list[Estimate]:
    """The estimates that a comparison is made of, the baseline last; none for what ranks say nothing of."""
    if one.verdict == "diverged" or one.test == "bend t":
        return []
    if one.test == "slope t":
        return list(estimates)
    of = [each for each in estimates if same(each.value, one.value)]
    return of + [each for each in estimates if same(each.value, question.baseline)]


def _is_complete(question: Question, about: Sequence[Estimate]) -> bool:
    """Whether every seed has a number or diverged, and there are enough of them."""
    seeds = len(question.seeds)
    return seeds >= FEWEST and all(one.completed == seeds and not one.missing for one in about)


def _turned(
    question: Question, one: Comparison, about: Sequence[Estimate], places: Sequence[float], family: int
) -> str:
    """What ranks say where it is not what the comparison says: a verdict, above, below or open."""
    alpha = question.error_rate / family
    worst = -math.inf if question.metric.goal == "maximize" else math.inf
    converged = [each.skills for each in about]
    counted = [{seed: each.skills.get(seed, worst) for seed in question.seeds} for each in about]
    found = _ranking(question, one, counted, places)
    said = _SIDE.get(one.verdict.partition("-")[0], 0)
    points = _pointing(question, one, found)
    if found.p < alpha and points != said:
        return _word(one, points)
    if found.p < alpha or not said:
        return ""
    if points == -said:
        return "above" if points > 0 else "below"
    before = _ranking(question, one, converged, places)
    return "open" if before.p < alpha and _pointing(question, one, before) == said else ""


def _ranking(
    question: Question, one: Comparison, skills: Sequence[_Skills], places: Sequence[float]
) -> Ranking:
    if one.test == "slope t":
        along = [place for place, each in zip(places, skills, strict=True) for _ in each]
        return rank_slope(along, [number for each in skills for number in each.values()])
    mine, base = skills
    if question.pair_by:
        shared = [seed for seed in mine if seed in base]
        return signed_ranks([_gap(mine[seed], base[seed]) for seed in shared])
    return rank_sums(list(mine.values()), list(base.values()))


def _gap(one: float, other: float) -> float:
    return 0.0 if one == other else one - other  # two infinite ones are equal


def _pointing(question: Question, one: Comparison, found: Ranking) -> int:
    """1 for better or rising, -1 for worse or falling, 0 for neither."""
    up = (found.delta > 0) - (found.delta < 0)
    return up if one.test == "slope t" or question.metric.goal == "maximize" else -up


def _word(one: Comparison, points: int) -> str:
    words = _UP if points > 0 else _DOWN
    return words[1] if one.test == "slope t" else words[0]
