"""One comparison in words, with its evidence in brackets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tracker.configs import same
from tracker.questions.question import Question
from tracker.rounding import enough_decimals, p_value, percentage
from tracker.statistics.seeds import FEWEST
from tracker.statistics.verdicts import WITHIN, Comparison
from tracker.wording.words import label, margin, measure, sized


def clause(question: Question, one: Comparison, never: Sequence[Any]) -> str:
    """The comparison in words; `never` are the values that converged with no seed."""
    if one.test == "bend t":
        return _bend(question, one)
    return _trend(question, one, never) if one.test == "slope t" else _against(question, one, never)


def _against(question: Question, one: Comparison, never: Sequence[Any]) -> str:
    what = measure(question.metric)
    name, base = label(question, one.value), label(question, question.baseline)
    if one.verdict == "diverged":
        return _incomparable(question, one.value, never)
    if one.delta is None:
        return f"{name} cannot be compared with {base}: n={' and '.join(map(str, one.n))}"
    if one.low is None:
        return f"{name} against {base} is unreplicated: {_signed(question, one)} in {what} ({_why(one)})"
    proof, signed = _proof(question, one), _signed(question, one)
    near = margin(question)
    small = f", less than {near}"
    by = f"by {_size(question, one)} in {what}"
    return {
        "better": f"{name} is better than {base} {by} {proof}",
        "worse": f"{name} is worse than {base} {by} {proof}",
        "better-but-small": f"{name} is better than {base} {by}{small} {proof}",
        "worse-but-small": f"{name} is worse than {base} {by}{small} {proof}",
        "same": f"{name} is the same as {base} in {what} within {near}: {signed} {proof}",
        "inconclusive": f"{name} against {base} is inconclusive: {signed} in {what} {proof}",
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
    start = _along(question)
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
        "flat": f"{start} stays flat within {margin(question)}: {signed} {proof}",
        "inconclusive": f"{start} is inconclusive: {signed} {proof}",
    }[one.verdict]


def _bend(question: Question, one: Comparison) -> str:
    proof, value = _proof(question, one), json.dumps(one.value, ensure_ascii=False)
    above, peaks = ("above", "peaks") if one.verdict == "peak" else ("below", "has its valley")
    middle = f"the fitted middle lies {_size(question, one)} {above} the mean of the fitted ends"
    return f"{_along(question)} {peaks} at {value}: {middle} {proof}"


def _along(question: Question) -> str:
    ends = sorted(question.values) if question.scale == "log" else question.values
    first, last = (json.dumps(end, ensure_ascii=False) for end in (ends[0], ends[-1]))
    return f"with {question.parameter} from {first} to {last}, {measure(question.metric)}"


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
    level = f"{percentage(one.level)} CI {low:.{decimals}f} to {high:.{decimals}f}"
    adjusted = "Holm p" if one.family > 1 else "p"
    differs = [] if one.verdict in ("same", "flat") else [f"{adjusted}{p_value(one.p, question.error_rate)}"]
    within = [f"TOST {adjusted}{p_value(one.p_same, question.error_rate)}"] if one.verdict in WITHIN else []
    together = [] if one.correlation is None else [f"r={one.correlation:.2f}"]
    return f"({', '.join([level, *differs, *within, _n(one), *together])})"


def _turned(one: Comparison) -> bool:
    """Whether the sentence tells the size of a negative difference, as in "worse by 2"."""
    sized = ("better", "worse", "better-but-small", "worse-but-small", "rising", "falling", "valley")
    return one.verdict in sized and one.delta is not None and one.delta < 0


def _size(question: Question, one: Comparison) -> str:
    assert one.delta is not None
    return sized(f"{abs(one.delta):.{_decimals(question, one)}f}", question.metric)


def _signed(question: Question, one: Comparison) -> str:
    assert one.delta is not None
    return sized(f"{one.delta:+.{_decimals(question, one)}f}", question.metric)


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
