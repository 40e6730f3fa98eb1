"""The seeds that a question still needs for an answer."""

from __future__ import annotations

from collections.abc import Sequence

from tracker.configs import same
from tracker.questions.question import Question
from tracker.statistics.comparisons import BEND_SHARE, places
from tracker.statistics.estimates import Estimate
from tracker.statistics.moments import pooled
from tracker.statistics.seeds import PAIRS, TWO_SAMPLES, seeds_needed, trend_design
from tracker.statistics.verdicts import TRENDS, Comparison


def forecast(question: Question, estimates: Sequence[Estimate], lead: Comparison) -> int | None:
    """The seeds per value with which the leading comparison would find the smallest difference of interest.

    The spread is that of all values together (of the pairs' differences, where seeds pair the runs), and
    alpha what the first of Holm's steps leaves. None without `sesoi`, or without a spread.
    """
    margin = question.metric.sesoi
    if margin is None or lead.verdict == "diverged":
        return None
    sd, freedom = _spread(question, estimates, lead)
    alpha = question.error_rate / _tests(question)
    if lead.test not in TRENDS:
        return seeds_needed(margin, sd, freedom, alpha, PAIRS if question.pair_by else TWO_SAMPLES)
    share = 1 - BEND_SHARE if len(question.values) > 2 else 1.0
    return seeds_needed(margin, sd, freedom, alpha * share, trend_design(places(question)))


def _spread(question: Question, estimates: Sequence[Estimate], lead: Comparison) -> tuple[float, int]:
    if not question.pair_by or lead.test in TRENDS:
        return pooled([list(one.skills.values()) for one in estimates])
    base = next(one for one in estimates if same(one.value, question.baseline))
    others = [one for one in estimates if one is not base]
    pairs = [[seed for seed in one.skills if seed in base.skills] for one in others]
    return pooled(
        [[one.skills[s] - base.skills[s] for s in seeds] for one, seeds in zip(others, pairs, strict=True)]
    )


def _tests(question: Question) -> int:
    """How many tests share alpha, a trend and its bend counted as one."""
    against = len(question.values) - 1 if question.has_baseline else 0
    return against + bool(question.scale) or 1
