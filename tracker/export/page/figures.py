"""Numbers as the page prints them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tracker.questions.question import Question
from tracker.rounding import MOST_DECIMALS, digits, enough_decimals, p_value
from tracker.statistics.estimates import Estimate
from tracker.statistics.verdicts import WITHIN, Comparison

NOTHING = "–"  # stands where a number is not known
_TOLD_SEEDS = 20  # at a value; more would cover the page


def value_text(value: Any) -> str:
    """A value of a setting: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)


def with_unit(question: Question) -> str:
    """The metric and what it is measured in."""
    unit = question.metric.unit
    return f"{question.metric.name} ({unit})" if unit else question.metric.name


def decimals_of(estimates: Sequence[Estimate]) -> int | None:
    """The decimals for skills: two digits of the widest spread; None where there is no spread."""
    spreads = [one.sd for one in estimates if one.sd]
    return min(digits(max(spreads)) + 1, MOST_DECIMALS) if spreads else None


def difference_decimals(question: Question, one: Comparison) -> int:
    """The decimals for a difference: enough to stay on its side of zero and of what matters."""
    numbers = [number for number in (one.delta, one.low, one.high) if number is not None]
    grain = (max(numbers, default=0.0) - min(numbers, default=0.0)) / 4 or abs(one.delta or 0.0) / 100
    margin = question.metric.sesoi or 0.0
    return enough_decimals(grain, numbers, (0.0, margin, -margin))


def number(value: float | None, decimals: int | None, sign: bool = False) -> str:
    """A number with a true minus sign, so that columns line up."""
    if value is None:
        return NOTHING
    plus = "+" if sign else ""
    written = format(value, f"{plus}.4g" if decimals is None else f"{plus}.{decimals}f")
    return written.replace("-", "−")


def between(low: float | None, high: float | None, decimals: int | None, sign: bool = False) -> str:
    """An interval."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, decimals, sign)} to {number(high, decimals, sign)}"


def probability(one: Comparison, alpha: float) -> str:
    """The adjusted p of a comparison, that of sameness where the verdict rests on it, and r of pairs."""
    if one.p is None:
        return NOTHING
    within = (
        f", TOST {_written(one.p_same, alpha)}" if one.verdict in WITHIN and one.p_same is not None else ""
    )
    together = "" if one.correlation is None else f", r = {number(one.correlation, 2)}"
    return f"{_written(one.p, alpha)}{within}{together}"


def _written(p: float, alpha: float) -> str:
    """A p value, never rounded across alpha."""
    return p_value(p, alpha).removeprefix("=").replace("<", "< ")


def by_seed(one: Estimate, decimals: int | None) -> str:
    """A value with the skill of each of its seeds."""
    seeds = [f"{seed}: {number(skill, decimals)}" for seed, skill in one.skills.items()]
    more = [f"{len(seeds) - _TOLD_SEEDS} more"] if len(seeds) > _TOLD_SEEDS else []
    told = f"; by seed {', '.join([*seeds[:_TOLD_SEEDS], *more])}" if seeds else ""
    return f"{value_text(one.value)}{told}"
