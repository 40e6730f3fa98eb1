"""Numbers in words: one sentence per question, which says what its table row says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracker.questions.question import Question
from tracker.rounding import MOST_DECIMALS, digits, enough_decimals
from tracker.statistics.comparisons import lost
from tracker.statistics.estimates import Estimate
from tracker.statistics.verdicts import Comparison, leading
from tracker.surroundings import FACTS
from tracker.wording import remarks
from tracker.wording.clauses import clause
from tracker.wording.words import label, listed, measure


def skills(question: Question, estimates: Iterable[Estimate]) -> str:
    """Every value's skill: "full 63.1 ± 1.2 %; bn_only 31.0 ± 0.8 % (mean ± sd, n=3)"."""
    known = [one for one in estimates if one.mean is not None]
    counts = {one.n for one in known}
    alone = " (mean ± sd, n=%d)" if counts - {1} else " (n=%d)"
    if len(counts) == 1:
        return "; ".join(skill(question, one, known) for one in known) + alone % counts.pop()
    return "; ".join(f"{skill(question, one, known)} (n={one.n})" for one in known)


def skill(question: Question, one: Estimate, others: Sequence[Estimate]) -> str:
    """One value's skill, with as many decimals as the widest spread among the others deserves.

    Of two seeds both numbers are told, because their spread says little; of one what its test set says.
    """
    unit = f" {question.metric.unit}" if question.metric.unit else ""
    sds = [other.sd for other in others if other.sd]
    decimals = min(digits(max(sds)) + 1, MOST_DECIMALS) if sds else None
    spread = "" if one.sd is None else f" ± {one.sd:.{decimals or 0}f}"
    few = network(question, one) or _both(one, decimals)
    brackets = f" [{few}]" if few else ""
    return f"{label(question, one.value)} {_written(one.mean, decimals)}{spread}{unit}{brackets}"


def _both(one: Estimate, decimals: int | None) -> str:
    """The numbers of two seeds; empty for more or fewer."""
    written = [_written(number, decimals) for number in one.skills.values()]
    return " and ".join(written) if len(written) == 2 else ""


def _written(number: float | None, decimals: int | None) -> str:
    return f"{number:.4g}" if decimals is None else f"{number:.{decimals}f}"


def network(question: Question, one: Estimate) -> str:
    """What the test set's size says of a single network: "60.1 to 66.0 by the test set's size alone"."""
    if one.network is None or one.mean is None:
        return ""
    low, high = one.network
    decimals = enough_decimals((high - low) / 4, (low, high), (one.mean,))
    size = f"by the {question.metric.split} set's size alone"
    return f"{low:.{decimals}f} to {high:.{decimals}f} {size}"


def progress(
    question: Question, states: Sequence[str], estimates: Sequence[Estimate], tuning: Sequence[str] = ()
) -> str:
    """How far a question is: "4 of 12 runs done, 1 running; n=3 for full, 1 for bn_only."."""
    first = [f"tuning: {_done(tuning)}"] if tuning else []
    parts = [*first, _done(states), *_seeds(question, estimates)]
    return "; ".join([*parts, *remarks.diverged(question, estimates)]) + "."


def reliance(answered: int, false: int) -> str:
    """How far several answers together can be trusted; nothing of a single one, whose p says it."""
    if answered < 2:
        return ""
    expected = f"{false} {'is' if false == 1 else 'are'} expected to be false"
    return f"Of {answered} answers by a test, at most {expected} (Benjamini and Hochberg)."


def _done(states: Sequence[str]) -> str:
    counts = Counter(states)
    answered = counts.pop("done", 0) + counts.pop("diverged", 0)
    counts.pop("planned", 0)
    rest = "".join(f", {count} {state}" for state, count in sorted(counts.items()))
    return f"{answered} of {len(states)} runs done{rest}"


def not_comparable(
    question: Question,
    confounds: Mapping[str, Sequence[Any]],
    states: Sequence[str],
    estimates: Sequence[Estimate],
    tuning: Sequence[str] = (),
) -> str:
    """Why there is no verdict: "not comparable: the runs differ in lr (0.1, 0.01); 5 of 9 runs done."."""
    differing = ", ".join(f"{name} ({listed(values)})" for name, values in confounds.items())
    remedy = "make the runs alike" if set(confounds) <= set(FACTS) else "fix it in setup"
    parts = [f"not comparable: the runs differ in {differing}; {remedy}, or ignore it"]
    return "; ".join([*parts, progress(question, states, estimates, tuning)])


def missing(question: Question, estimates: Sequence[Estimate]) -> str:
    """Why a question gets no verdict: runs ended without the metric."""
    runs = [run for one in estimates for run in one.missing]
    completed = sum(one.completed for one in estimates)
    parts = [f"no finite {measure(question.metric)} in {len(runs)} of {completed} runs ({listed(runs)})"]
    return "; ".join([*parts, *_seeds(question, estimates)]) + "."


def _seeds(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    known = [f"{one.n} for {label(question, one.value)}" for one in estimates if one.n]
    return [f"n={', '.join(known)}"] if known else []


def settled(
    question: Question,
    comparisons: Sequence[Comparison],
    estimates: Sequence[Estimate],
    asides: Sequence[str] = (),
) -> str:
    """What the runs say: each comparison in a clause, then what the reader must know besides, and asides."""
    never = tuple(one.value for one in estimates if lost(question, one))
    clauses = [clause(question, one, never) for one in comparisons] or [
        f"{skills(question, estimates) or 'no run converged'} in {measure(question.metric)}"
    ]
    untold = [one for one in estimates if not (comparisons and lost(question, one))]
    besides = remarks.remarks(question, comparisons, estimates, leading(question, comparisons))
    return "; ".join([*clauses, *remarks.diverged(question, untold), *besides, *asides]) + "."
