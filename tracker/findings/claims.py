"""Claims against what the runs say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.configs import same
from tracker.questions.question import TREND_WORDS, Claim, Question
from tracker.statistics.verdicts import OPEN, TRENDS, Comparison
from tracker.wording.words import label, sized

SUPPORTED, CONTRADICTED, OPEN_CLAIM = "supported", "contradicted", "not settled"

_AGREES = {  # claimed -> the verdicts that say so
    "better": ("better", "better-but-small"),
    "worse": ("worse", "worse-but-small"),
    "same": ("same", "better-but-small", "worse-but-small"),
}
_TREND_WORDS = {
    "rising": "rises",
    "falling": "falls",
    "flat": "stays flat",
    "peak": "has a peak",
    "valley": "has a valley",
}
_NEARLY_SAME = ("same", "flat")
_UP = ("better", "rising", "peak")


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim with what the runs make of it: supported, contradicted or not settled."""

    claim: Claim
    outcome: str
    sentence: str


def check(question: Question, claim: Claim, comparisons: Sequence[Comparison]) -> Checked:
    """The claim, judged by the comparison that it is about."""
    about = [one for one in comparisons if _is_about(claim, one)]
    outcome = _outcome(question, claim, about[0]) if about else OPEN_CLAIM
    source = f" ({claim.source})" if claim.source else ""
    return Checked(claim, outcome, f"{outcome}: {written(question, claim)}{source}")


def worst(checked: Sequence[Checked]) -> str:
    """One word for several claims: contradicted if one is, else not settled if one is; empty without any."""
    outcomes = {one.outcome for one in checked}
    return next((word for word in (CONTRADICTED, OPEN_CLAIM, SUPPORTED) if word in outcomes), "")


def written(question: Question, claim: Claim) -> str:
    """The claim in words: "bn_only is worse than full by at least 15 points"."""
    sizes = [
        (f"at {word}", f"{number:g}")
        for word, number in (("least", claim.at_least), ("most", claim.at_most))
        if number
    ]
    told = [f"{word} {number}" for word, number in sizes[:-1]]
    told += [f"{word} {sized(number, question.metric)}" for word, number in sizes[-1:]]
    size = f" by {' and '.join(told)}" if told else ""
    if claim.verdict in TREND_WORDS:
        return f"{question.metric.name} {_TREND_WORDS[claim.verdict]} along {question.parameter}{size}"
    name, base = label(question, claim.value), label(question, question.baseline)
    if claim.verdict == "diverged":
        return f"{name} never converges"
    if claim.verdict == "same":
        return f"{name} is the same as {base}"
    return f"{name} is {claim.verdict} than {base}{size}"


def _is_about(claim: Claim, one: Comparison) -> bool:
    if claim.verdict in TREND_WORDS:
        return one.test in TRENDS
    return one.test not in TRENDS and same(one.value, claim.value)


def _outcome(question: Question, claim: Claim, one: Comparison) -> str:
    agrees = one.verdict in _AGREES.get(claim.verdict, (claim.verdict,))
    if "diverged" in (claim.verdict, one.verdict):
        settled = one.verdict not in OPEN and claim.verdict == "diverged"
        return SUPPORTED if agrees else CONTRADICTED if settled else OPEN_CLAIM
    low, high = _sizes(question, claim, one)
    least, most = claim.at_least or -math.inf, claim.at_most or math.inf
    if agrees and low >= least and high <= most:
        return SUPPORTED
    if high < least or low > most or _denies(question, claim, one):
        return CONTRADICTED
    return OPEN_CLAIM


def _denies(question: Question, claim: Claim, one: Comparison) -> bool:
    """Whether the verdict itself is against the claim; `same` leaves room for a small difference."""
    if one.verdict in OPEN or one.verdict in _AGREES.get(claim.verdict, (claim.verdict,)):
        return False
    margin = question.metric.sesoi
    if claim.verdict not in _NEARLY_SAME or one.test == "bend t" or margin is None or one.effect is None:
        return True
    low, high = one.effect.interval(question.error_rate / one.family)
    return low > margin or high < -margin


def _sizes(question: Question, claim: Claim, one: Comparison) -> tuple[float, float]:
    """The interval of the difference in the claimed direction; without bounds where there is none."""
    curved = claim.verdict in ("peak", "valley")
    if one.effect is None or curved != (one.test == "bend t"):
        return -math.inf, math.inf
    low, high = one.effect.interval(question.error_rate / one.family)
    against_goal = question.metric.goal == "minimize" and claim.verdict in ("better", "worse")
    return (low, high) if (claim.verdict in _UP) != against_goal else (-high, -low)
