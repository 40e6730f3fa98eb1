"""Values, metrics and sizes as a sentence names them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from typing import Any

from tracker.questions.question import Metric, Question, split_of

_WORD = re.compile(r"[A-Za-z_][^\s;,]*")
_REDUCED = {"max": "the highest ", "min": "the lowest ", "mean": "the mean "}


def label(question: Question, value: Any) -> str:
    """A value as it is named in a sentence: a word stands alone, anything else behind its parameter."""
    if isinstance(value, str) and _WORD.fullmatch(value):
        return value
    return f"{question.parameter}={json.dumps(value, ensure_ascii=False)}"


def measure(metric: Metric) -> str:
    """What is measured, with its split and what is taken of its points unless that is the last one."""
    split = f"{metric.split} " if metric.split and not split_of(metric.name) else ""
    return f"{_REDUCED.get(metric.reduce, '')}{split}{metric.name}"


def unit(metric: Metric) -> str:
    """The unit of a difference, with a blank in front; percentages differ by points."""
    word = "points" if metric.unit == "%" else metric.unit
    return f" {word}" if word else ""


def sized(number: str, metric: Metric) -> str:
    """A difference with its unit: 2 points, and 1 point."""
    word = unit(metric)
    return number + (" point" if word == " points" and number.lstrip("+-") == "1" else word)


def margin(question: Question) -> str:
    """The smallest difference of interest; only what rests on one mentions it."""
    sesoi = question.metric.sesoi
    return "" if sesoi is None else sized(f"{sesoi:g}", question.metric)


def listed(values: Iterable[Any]) -> str:
    """Values one after the other, text as it is."""
    return ", ".join(value if isinstance(value, str) else json.dumps(value, default=repr) for value in values)


def hours(amount: float | None) -> str:
    """A time of computing, in the unit that suits it."""
    if amount is None:
        return "not known yet"
    if 0 < amount * 3600 <= 59:
        return f"{math.ceil(amount * 3600)} s"
    if amount < 0.995:
        return f"{math.ceil(amount * 60)} min"
    return f"{amount:,.1f} h" if amount < 100 else f"{amount:,.0f} h"
