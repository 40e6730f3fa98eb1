"""Numbers in words: one sentence per question, which says what its table row says."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tracker.comparisons import FEWEST, WITHIN, Comparison, lost
from tracker.configs import same
from tracker.estimates import Estimate
from tracker.questions.question import Question
from tracker.rounding import MOST_DECIMALS, digits, enough_decimals, p_value

_WORD = re.compile(r"[A-Za-z_][^\s;,]*")


def label(question: Question, value: Any) -> str:
    """A value as it is named in a sentence: a word stands alone, anything else behind its parameter."""
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return f"{question.parameter}={json.dumps(value, ensure_ascii=False)}"


def skills(question: Question, estimates: Iterable[Estimate]) -> str:
    """Every value's skill: "full 63.1 ± 1.2 %; bn_only 31.0 ± 0.8 % (mean ± sd, n=3)"."""
    known = [one for one in estimates if one.mean is not None]
    counts = {one.n for one in known}
    alone = " (mean ± sd, n=%d)" if counts - {1} else " (n=%d)"
    if len(counts) == 1:
        return "; ".join(skill(question, one, known) for one in known) + alone % counts.pop()
    return "; ".join(f"{skill(question, one, known)} (n={one.n})" for one in known)


def skill(question: Question, one: Estimate, others: Sequence[Estimate]) -> str:
    """One value's skill, with as many decimals as the widest spread among the others deserves."""
    unit = f" {question.metric.unit}" if question.metric.unit else ""
    sds = [other.sd for other in others if other.sd]
    decimals = min(digits(max(sds)) + 1, MOST_DECIMALS) if sds else None
    mean = f"{one.mean:.4g}" if decimals is None else f"{one.mean:.{decimals}f}"
    spread = "" if one.sd is None else f" ± {one.sd:.{decimals or 0}f}"
    return f"{label(question, one.value)} {mean}{spread}{unit}"


def progress(question: Question, states: Sequence[str], estimates: Sequence[Estimate]) -> str:
    """How far a question is: "4 of 12 runs done, 1 running; n=3 for full, 1 for bn_only."."""
    counts = Counter(states)
    answered = counts.pop("done", 0) + counts.pop("diverged", 0)
    counts.pop("planned", 0)
    rest = "".join(f", {count} {state}" for state, count in sorted(counts.items()))
    parts = [f"{answered} of {len(states)} runs done{rest}", *_seeds(question, estimates)]
    return "; ".join([*parts, *diverged(question, estimates)]) + "."


def not_comparable(
    question: Question, confounds: Mapping[str, Sequence[Any]], estimates: Sequence[Estimate]
) -> str:
    """Why a question gets no verdict: "not comparable: the runs differ in lr (0.1, 0.01); ..."."""
    differing = ", ".join(f"{name} ({_listed(values)})" for name, values in confounds.items())
    parts = [f"not comparable: the runs differ in {differing}; fix it in setup, or ignore it"]
    return "; ".join([*parts, *_seeds(question, estimates)]) + "."


def missing(question: Question, estimates: Sequence[Estimate]) -> str:
    """Why a question gets no verdict: runs ended without the metric."""
    runs = [run for one in estimates for run in one.missing]
    completed = sum(one.completed for one in estimates)
    parts = [f"no finite {question.metric.name} in {len(runs)} of {completed} runs ({_listed(runs)})"]
    return "; ".join([*parts, *_seeds(question, estimates)]) + "."


def _seeds(question: Question, estimates: Iterable[Estimate]) -> list[str]:
    known = [f"{one.n} for {label(question, one.value)}" for one in estimates if one.n]
    return [f"n={', '.join(known)}"] if known else []


def settled(question: Question, comparisons: Sequence[Comparison], estimates: Sequence[Estimate]) -> str:
    """What the runs say: each comparison in a clause, then what the reader must know besides."""
    never = tuple(one.value for one in estimates if lost(question, one))
    clauses = [_clause(question, one, never) for one in comparisons] or [
        f"{skills(question, estimates) or 'no run converged'} in {question.metric.name}"
    ]
    untold = [one for one in estimates if not (comparisons and lost(question, one))]
    return "; ".join([*clauses, *diverged(question, untold), *_choices(question, estimates)]) + "."


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
    return [f"chosen by {question.select_by}: {', '.join(chosen)}"]


# ---------------------------------------------------------------------------------------------------
# One comparison in words


def _clause(question: Question, one: Comparison, never: Sequence[Any]) -> str:
    """The comparison in words; `never` are the values that converged with no seed."""
    return _trend(question, one, never) if one.test == "slope t" else _against(question, one, never)


def _against(question: Question, one: Comparison, never: Sequence[Any]) -> str:
    metric = question.metric
    name, base = label(question, one.value), label(question, question.baseline)
    if one.verdict == "diverged":
        return _incomparable(question, one.value, never)
    if one.delta is None:
        return f"{name} cannot be compared with {base}: n={' and '.join(map(str, one.n))}"
    if one.low is None:
        return (
            f"{name} against {base} is unreplicated: {_signed(question, one)} in {metric.name} ({_why(one)})"
        )
    proof, signed = _proof(question, one), _signed(question, one)
    margin = _margin(question)
    small = f", less than {margin}"
    by = f"by {_size(question, one)} in {metric.name}"
    return {
        "better": f"{name} is better than {base} {by} {proof}",
        "worse": f"{name} is worse than {base} {by} {proof}",
        "better-but-small": f"{name} is better than {base} {by}{small} {proof}",
        "worse-but-small": f"{name} is worse than {base} {by}{small} {proof}",
        "same": f"{name} is the same as {base} in {metric.name} within {margin}: {signed} {proof}",
        "inconclusive": f"{name} against {base} is inconclusive: {signed} in {metric.name} {proof}",
    }[one.verdict]


def _incomparable(question: Question, value: Any, never: Sequence[Any]) -> str:
    name, base = label(question, value), label(question, question.baseline)
    seeds = f"(0 of {len(question.seeds)})"
    if not any(same(value, other) for other in never):
        return f"{base} never converged {seeds}, so {name} cannot be compared with it"
    if not any(same(question.baseline, other) for other in never):
        return f"{name} never converged {seeds}, so it cannot be compared with {base}"
    return f"{name} never converged {seeds}, nor did {base}, so they cannot be compared"


def _trend(question: Question, one: Comparison, never: Sequence[Any]) -> str:
    ends = sorted(question.values) if question.scale == "log" else question.values
    first, last = (json.dumps(end, ensure_ascii=False) for end in (ends[0], ends[-1]))
    metric = question.metric
    start = f"with {question.parameter} from {first} to {last}, {metric.name}"
    if one.verdict == "diverged":
        names = " and ".join(label(question, value) for value in never)
        return f"{start} cannot be fitted: {names} never converged (0 of {len(question.seeds)})"
    if one.delta is None:
        return f"{start} cannot be fitted: n={' and '.join(map(str, one.n))}"
    if one.low is None:
        return f"{start} changes by {_signed(question, one)}, unreplicated ({_why(one)})"
    proof, signed = _proof(question, one), _signed(question, one)
    return {
        "rising": f"{start} rises by {_size(question, one)} {proof}",
        "falling": f"{start} falls by {_size(question, one)} {proof}",
        "flat": f"{start} stays flat within {_margin(question)}: {signed} {proof}",
        "inconclusive": f"{start} is inconclusive: {signed} {proof}",
    }[one.verdict]


def _why(one: Comparison) -> str:
    if min(one.n) < FEWEST:
        return f"{_n(one)}; a verdict needs {FEWEST}"
    if one.test == "paired t":
        return f"{_n(one)}, but every pair differs by the same amount"
    return f"{_n(one)}, but the seeds give identical results"


def _proof(question: Question, one: Comparison) -> str:
    """The evidence in brackets: interval, p, n; turned round where the sentence says "worse by"."""
    assert one.low is not None
    assert one.high is not None
    assert one.level is not None
    low, high = (-one.high, -one.low) if _turned(one) else (one.low, one.high)
    decimals = _decimals(question, one)
    level = f"{100 * one.level:g}% CI {low:.{decimals}f} to {high:.{decimals}f}"
    adjusted = "Holm p" if one.family > 1 else "p"
    differs = [] if one.verdict in ("same", "flat") else [f"{adjusted}{p_value(one.p, question.alpha)}"]
    within = [f"TOST {adjusted}{p_value(one.p_same, question.alpha)}"] if one.verdict in WITHIN else []
    return f"({', '.join([level, *differs, *within, _n(one)])})"


def _turned(one: Comparison) -> bool:
    """Whether the sentence tells the size of a negative difference, as in "worse by 2"."""
    sized = ("better", "worse", "better-but-small", "worse-but-small", "rising", "falling")
    return one.verdict in sized and one.delta is not None and one.delta < 0


def _size(question: Question, one: Comparison) -> str:
    assert one.delta is not None
    return f"{abs(one.delta):.{_decimals(question, one)}f}{_unit(question)}"


def _signed(question: Question, one: Comparison) -> str:
    assert one.delta is not None
    return f"{one.delta:+.{_decimals(question, one)}f}{_unit(question)}"


def _margin(question: Question) -> str:
    """The smallest difference of interest; only verdicts that rest on one mention it."""
    sesoi = question.metric.sesoi
    return "" if sesoi is None else f"{sesoi:g}{_unit(question)}"


def _unit(question: Question) -> str:
    unit = "points" if question.metric.unit == "%" else question.metric.unit
    return f" {unit}" if unit else ""


def _n(one: Comparison) -> str:
    if one.test == "paired t":
        return f"n={one.n[0]} pairs"
    fewest, most = min(one.n), max(one.n)
    return f"n={fewest} per value" if fewest == most else f"n={fewest} to {most} per value"


def _decimals(question: Question, one: Comparison) -> int:
    """One digit of a quarter of the interval; more where rounding would move a number across a bound."""
    numbers = [number for number in (one.delta, one.low, one.high) if number is not None]
    grain = (max(numbers) - min(numbers)) / 4 or abs(one.delta or 0.0) / 100
    margin = question.metric.sesoi or 0.0
    return enough_decimals(grain, numbers, (0.0, margin, -margin))


def _listed(values: Iterable[Any]) -> str:
    return ", ".join(value if isinstance(value, str) else json.dumps(value, default=repr) for value in values)
