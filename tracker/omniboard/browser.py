"""The part of a layout that only the browser keeps, as the file says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracker.omniboard.columns import ROOTS
from tracker.omniboard.layout import BUILT_IN, SETTING_PREFIX, Browser, Filter
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.yaml_lines import Entry

OPERATORS = ("$eq", "$ne", "$lt", "$lte", "$gt", "$gte", "$in", "$regex")

_BROWSER = ("order", "sort", "filters")
_FILTER = ("column", "op", "value")


def browser(entry: Entry, names: Sequence[str]) -> Browser:
    """The fields under layout; `names` are those of the metric and custom columns."""
    given = read.fields(entry, _BROWSER, "layout")
    known = (*names, *BUILT_IN)
    return Browser(_order(given, known), _sort(given, known), _filters(given))


def _order(given: Fields, known: Sequence[str]) -> tuple[str, ...]:
    if "order" not in given:
        return ()
    seen: dict[str, int] = {}
    for item in read.entries(given["order"], "order", "[_id, experiment_name]"):
        name = _column(item, item.content, known)
        if name in seen:
            raise item.refuse(f"'{name}' stands twice in order; keep one")
        seen[name] = item.line
    return tuple(seen)


def _sort(given: Fields, known: Sequence[str]) -> dict[str, str]:
    if "sort" not in given:
        return {}
    chosen = given["sort"].content
    if not isinstance(chosen, dict) or len(chosen) != 1:
        raise given["sort"].refuse("sort must name one column, such as {test_accuracy: desc}")
    ((name, direction),) = chosen.items()
    return {_column(direction, name, known): read.choice(chosen, name, ("asc", "desc"), "")}


def _filters(given: Fields) -> tuple[Filter, ...]:
    if "filters" not in given:
        return ()
    listed = read.entries(given["filters"], "filters", '[{column: config.lr, op: "$eq", value: 0.1}]')
    return tuple(_filter(item) for item in listed)


def _filter(entry: Entry) -> Filter:
    given = read.fields(entry, _FILTER, "a filter")
    for name in _FILTER:
        if name not in given:
            raise entry.refuse(
                f'the filter has no {name}; write {{column: config.lr, op: "$eq", value: 0.1}}'
            )
    path = read.text(given, "column")
    root = path.split(".")[0]
    if root not in (*ROOTS, *BUILT_IN):
        raise given["column"].refuse(f"a filter goes by a field such as config.lr, not by '{path}'")
    op = read.choice(given, "op", OPERATORS, "")
    return Filter(path, op, _value(given["value"], op))


def _value(entry: Entry, op: str) -> Any:
    if op == "$in":
        return [item.plain() for item in read.entries(entry, "the value of $in", "[0.1, 0.2]")]
    if isinstance(entry.content, dict | list) or entry.content is None:
        raise entry.refuse(f"the value of {op} must be a number, a text or a truth value")
    return entry.content


def _column(entry: Entry, name: Any, known: Sequence[str]) -> str:
    """A column's name: built in, of this file, or a setting's with its prefix."""
    if not isinstance(name, str) or not (name in known or name.startswith(SETTING_PREFIX)):
        raise entry.refuse(f"there is no column '{name}'{read.did_you_mean(str(name), known)}")
    return name
