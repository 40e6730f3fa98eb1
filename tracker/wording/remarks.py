"""What a reader must know beside the comparisons, a clause each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tracker.questions.question import Question, Tuned
from tracker.questions.ranges import Range
from tracker.questions.tuning import trials_per_value
from tracker.rounding import MOST_DECIMALS, digits, p_value
from tracker.statistics.estimates import Estimate
from tracker.statistics.forecast import forecast
from tracker.statistics.moments import skewed
from tracker.statistics.seeds import MOST
from tracker.statistics.verdicts import OPEN, Comparison
from tracker.wording.words import label, margin

FEWEST_TRIED = 3  # numbers of which one can lie inside
NAMED = 3  # seeds that are named one by one
LOOSE = 0.2  # a correlation of pairs under which pairing loses power

_TURNED = {  # what a trend would do, and a value beside the baseline
    "found": ("be found", "differ from"),
    "above": ("point up", "lie above"),
    "below": ("point down", "lie below"),
}


def remarks(
    question: Question,
    comparisons: Sequence[Comparison],
    estimates: Sequence[Estimate],
    lead: Comparison | None,
) -> list[str]:
    """The clauses in their order: what was chosen, doubts about the seeds, how many would be enough."""
    return [
        *_choices(question, estimates),
        *_edges(question, estimates),
        *_networks(question, comparisons, estimates),
        *_outliers(question, estimates),
        *_skew(estimates),
        *_hanging(question, comparisons),
        *_loose(question, comparisons),
        *_permuted(question, comparisons),
        *_ranked(question, comparisons),
        *(_needed(question, estimates, lead) if lead else []),
    ]


def diverged(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    """A clause for each value of which not every run converged."""
    return [
        f"{label(question, one.value)}: {one.completed - one.diverged} of {one.completed} converged"
        for one in estimates
        if one.diverged
    ]


def _choices(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    if not question.select_by:
        return []
    chosen = [
        " ".join(f"{name}={json.dumps(value)}" for name, value in one.nuisance.items())
        + f" for {label(question, one.value)}"
        for one in estimates
    ]
    return [f"chosen by {question.select_by}{_budget(question)}: {', '.join(chosen)}"]


def _budget(question: Question) -> str:
    """How much was tried for each value, where that was done with seeds of their own."""
    if not question.tuning_seeds:
        return ""
    trials = trials_per_value(question)
    seeds = ", ".join(map(str, question.tuning_seeds))
    return f" among {trials} trials per value on seed{'s' * (len(question.tuning_seeds) > 1)} {seeds}"


def _edges(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    """The choices at the edge of what was tried, because the best may lie beyond."""
    found = [
        f"{name}={json.dumps(one.nuisance[name])} for {label(question, one.value)}"
        for one in estimates
        for name, tried in question.nuisance.items()
        if name in one.nuisance and _is_edge(one.nuisance[name], tried)
    ]
    return [f"at the edge of what was tried: {', '.join(found)}"] if found else []


def _is_edge(number: Any, tried: Tuned) -> bool:
    if isinstance(tried, Range):
        return tried.is_edge(number)
    numbers = all(type(other) in (int, float) for other in tried)
    return len(tried) >= FEWEST_TRIED and numbers and number in (min(tried), max(tried))


def _networks(
    question: Question, comparisons: Sequence[Comparison], estimates: Iterable[Estimate]
) -> list[str]:
    """What single networks are worth; told only beside comparisons, because else the skills tell it."""
    known = [(one, one.network) for one in estimates if one.network and comparisons]
    told = [f"{label(question, one.value)} {low:.4g} to {high:.4g}" for one, (low, high) in known]
    return [f"by the {question.metric.split} set's size alone: {', '.join(told)}"] if told else []


def _outliers(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    clauses = []
    for one in estimates:
        if one.outlier is not None and one.sd and one.median is not None:
            decimals = min(digits(one.sd) + 1, MOST_DECIMALS)
            numbers = f"median {one.median:.{decimals}f}, mean {one.mean:.{decimals}f}"
            clauses.append(f"{label(question, one.value)}: seed {one.outlier} lies far out ({numbers})")
    return clauses


def _skew(estimates: Iterable[Estimate]) -> list[str]:
    leaning = skewed([list(one.skills.values()) for one in estimates])
    return ["the seeds are skewed, so the intervals may hold less often than they say"] if leaning else []


def _hanging(question: Question, comparisons: Iterable[Comparison]) -> list[str]:
    clauses = []
    for one in comparisons:
        if one.hangs_on:
            named = ", ".join(f"seed {seed} of {label(question, value)}" for value, seed in one.hangs_on)
            every = one.n[0] if one.test == "paired t" else sum(one.n)
            few = len(one.hangs_on) <= NAMED
            seeds = named if few else f"{len(one.hangs_on)} of {every} seeds"
            clauses.append(f"{one.verdict} for {_subject(question, one)} hangs on {seeds}")
    return clauses


def _loose(question: Question, comparisons: Iterable[Comparison]) -> list[str]:
    loose = [one for one in comparisons if one.correlation is not None and one.correlation < LOOSE]
    names = ", ".join(f"{label(question, one.value)} (r={one.correlation:.2f})" for one in loose)
    return [f"pairs hardly go together, so pairing finds less: {names}"] if loose else []


def _permuted(question: Question, comparisons: Iterable[Comparison]) -> list[str]:
    """The tests that come out otherwise when the seeds alone vouch for them."""
    told = [
        f"{_would(question, one, one.by_permutation)} (p{p_value(one.p_permuted, question.error_rate)})"
        for one in comparisons
        if one.by_permutation
    ]
    return [f"by permutation, which assumes no shape of the numbers, {', '.join(told)}"] if told else []


def _ranked(question: Question, comparisons: Iterable[Comparison]) -> list[str]:
    """The verdicts that turn if runs that diverged count as the worst, by ranks."""
    told = [_would(question, one, one.by_ranks) for one in comparisons if one.by_ranks]
    return [f"with diverged runs as the worst, by ranks {', '.join(told)}"] if told else []


def _would(question: Question, one: Comparison, turned: str) -> str:
    """What would become of a comparison: open, found, above, below or another verdict."""
    subject = _subject(question, one)
    if turned == "open":
        return f"{one.verdict} for {subject} would be open"
    of_trend, of_value = _TURNED.get(turned, (f"be {turned}", f"be {turned} than"))
    if one.test == "slope t":
        return f"{subject} would {of_trend}"
    return f"{subject} would {of_value} {label(question, question.baseline)}"


def _subject(question: Question, one: Comparison) -> str:
    return "the trend" if one.test == "slope t" else label(question, one.value)


def _needed(question: Question, estimates: Sequence[Estimate], lead: Comparison) -> list[str]:
    """How many seeds would be enough, where the lead is open and has fewer."""
    seeds = forecast(question, estimates, lead) if lead.verdict in OPEN else None
    if seeds is None or seeds <= min(lead.n):
        return []
    count = f"more than {MOST}" if seeds > MOST else f"about {seeds}"
    return [f"{count} seeds per value would find {margin(question)} in 4 of 5 cases"]
