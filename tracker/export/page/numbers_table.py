"""The table under a plot: every number that the plot shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tracker.configs import same
from tracker.export.page.figures import (
    NOTHING,
    between,
    decimals_of,
    difference_decimals,
    number,
    probability,
    value_text,
)
from tracker.export.page.words import Sign, verdict_sign
from tracker.findings import Finding
from tracker.questions.question import Question
from tracker.rounding import percentage
from tracker.statistics.estimates import Estimate
from tracker.statistics.verdicts import TRENDS, Comparison
from tracker.wording import sentences


@dataclass(frozen=True, slots=True)
class TableRow:
    """The texts of one row; `value` of a trend says from where to where it goes."""

    value: str
    n: str = ""
    mean: str = NOTHING
    sd: str = NOTHING
    interval: str = NOTHING
    delta: str = NOTHING
    delta_interval: str = ""
    level: str = ""
    p: str = NOTHING
    verdict: Sign | None = None
    is_baseline: bool = False
    is_trend: bool = False
    note: str = ""  # the nuisance settings that were chosen, diverged runs


def table_rows(finding: Finding) -> tuple[TableRow, ...]:
    """A row per value in declared order, then one per comparison that is about all values."""
    question = finding.node.question
    decimals = decimals_of(finding.estimates)
    values = tuple(_value_row(question, one, against(finding, one), decimals) for one in finding.estimates)
    matched = [against(finding, one) for one in finding.estimates]
    rest = [one for one in finding.comparisons if not any(one is other for other in matched)]
    return values + tuple(_trend_row(question, one) for one in rest)


def against(finding: Finding, estimate: Estimate) -> Comparison | None:
    """The comparison of one value with the baseline."""
    return next(
        (one for one in finding.comparisons if one.test not in TRENDS and same(one.value, estimate.value)),
        None,
    )


def tones(finding: Finding) -> tuple[str, ...]:
    """The tone of each value: that of its verdict, of a question without a baseline a common one."""
    found = [against(finding, one) for one in finding.estimates]
    return tuple(verdict_sign(one.verdict).tone if one else "even" for one in found)


def _value_row(
    question: Question, one: Estimate, compared: Comparison | None, decimals: int | None
) -> TableRow:
    notes = [f"{name}={value_text(value)}" for name, value in one.nuisance.items()]
    notes += [f"{one.diverged} of {one.completed} diverged"] if one.diverged else []
    notes += [" and ".join(number(skill, decimals) for skill in one.skills.values())] if one.n == 2 else []
    row = TableRow(
        value=value_text(one.value),
        n=f"{one.n}" if one.n >= len(question.seeds) else f"{one.n} of {len(question.seeds)}",
        mean=number(one.mean, decimals),
        sd=number(one.sd, decimals),
        interval=sentences.network(question, one) or between(one.low, one.high, decimals),
        is_baseline=question.has_baseline and same(one.value, question.baseline),
        note=", ".join(notes),
    )
    return _compared(row, question, compared) if compared else row


def _trend_row(question: Question, one: Comparison) -> TableRow:
    ends = sorted(question.values) if question.scale == "log" else question.values
    word = "bend" if one.test == "bend t" else "trend"
    row = TableRow(f"{word} from {value_text(ends[0])} to {value_text(ends[-1])}", is_trend=True)
    return _compared(row, question, one)


def _compared(row: TableRow, question: Question, one: Comparison) -> TableRow:
    """The row with the numbers of a comparison."""
    decimals = difference_decimals(question, one)
    known = one.low is not None and one.level is not None
    return replace(
        row,
        delta=number(one.delta, decimals, sign=True),
        delta_interval=between(one.low, one.high, decimals, sign=True) if known else "",
        level=percentage(one.level) if one.level is not None else "",
        p=probability(one, question.error_rate),
        verdict=verdict_sign(one.verdict),
    )


def has_differences(rows: Sequence[TableRow]) -> bool:
    """Whether any row compares."""
    return any(row.verdict for row in rows)
