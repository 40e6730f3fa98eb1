"""The columns of a layout file, each refused here where Omniboard would show nothing or break."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tracker.omniboard.layout import BUILT_IN, SETTING_PREFIX, CustomColumn, MetricColumn
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.yaml_lines import Entry

EXTREMA = ("avg", "min", "max", "last", "last_avg")
EXTENDED = (*EXTREMA, "sum", "first", "stdDevPop")  # which Omniboard computes, but its dialog does not know
ROOTS = ("config", "info", "experiment", "host", "meta", "omniboard", "result")

_METRIC = ("name", "metric", "extrema", "lastn")
_CUSTOM = ("name", "path")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _/()%-]*")
_FIELDS = ("config", "experiment", "host", "omniboard", "metrics", "meta", "info")
TAKEN = frozenset({*BUILT_IN, *_FIELDS, "captured_out", "artifacts", "fail_trace"})
_LOADED_WHOLE = ("config", "experiment", "host", "omniboard", "meta", "result")  # asked for as they are


def metric_columns(given: Fields, *, extended: bool) -> tuple[MetricColumn, ...]:
    """The columns under metric_columns."""
    return tuple(_metric(entry, extended) for entry in _listed(given, "metric_columns", "metric: val.loss"))


def custom_columns(given: Fields) -> tuple[CustomColumn, ...]:
    """The columns under custom_columns."""
    return tuple(_custom(entry) for entry in _listed(given, "custom_columns", "path: config.lr"))


def check_together(given: Fields, metric: Sequence[MetricColumn], custom: Sequence[CustomColumn]) -> None:
    """Refuse columns that are sound alone and not beside each other."""
    both = _entries(given, "metric_columns") + _entries(given, "custom_columns")
    names = [column.name for column in metric] + [column.name for column in custom]
    lines: dict[str, int] = {}
    for entry, name in zip(both, names, strict=True):
        if name in lines:
            raise entry.refuse(f"the column '{name}' stands on line {lines[name]} already; rename one")
        lines[name] = entry.line
    _check_metrics(_entries(given, "metric_columns"), metric)
    _check_paths(_entries(given, "custom_columns"), custom)


def _listed(given: Fields, name: str, example: str) -> Iterator[Entry]:
    if name in given:
        yield from read.entries(given[name], name, f"[{{name: mine, {example}}}]")


def _entries(given: Fields, name: str) -> list[Entry]:
    return list(given[name].content) if name in given else []


def _metric(entry: Entry, extended: bool) -> MetricColumn:
    given = read.fields(entry, _METRIC, "a metric column")
    name, metric = _name(entry, given), read.text(given, "metric")
    if not metric or "$" in metric or "\0" in metric:
        what = f"the metric {metric!r}" if metric else "no metric"
        raise given.get("metric", entry).refuse(f"'{name}' has {what}; write metric: test.accuracy")
    if "extrema" not in given:
        raise entry.refuse(f"'{name}' has no extrema; write one of {', '.join(EXTREMA)}")
    word = read.choice(given, "extrema", EXTENDED if extended else EXTREMA, "")
    return MetricColumn(name, metric, word, _lastn(name, entry, given, word))


def _lastn(name: str, entry: Entry, given: Fields, extrema: str) -> int:
    if extrema != "last_avg":
        if "lastn" in given:
            raise given["lastn"].refuse(f"'{name}' is {extrema}, and only last_avg takes lastn; take it out")
        return 1
    if "lastn" not in given:
        raise entry.refuse(f"'{name}' is last_avg without lastn; write how many values, such as lastn: 5")
    lastn = given["lastn"].content
    if type(lastn) is not int or lastn < 1:
        raise given["lastn"].refuse(f"lastn must be a whole number of 1 or more, not {lastn!r}")
    return lastn


def _custom(entry: Entry) -> CustomColumn:
    given = read.fields(entry, _CUSTOM, "a custom column")
    name, path = _name(entry, given), read.text(given, "path")
    if not path:
        raise given.get("path", entry).refuse(f"'{name}' has no path; write path: config.lr")
    root, *below = path.split(".")
    if root not in ROOTS:
        raise given["path"].refuse(f"the path '{path}' begins with '{root}'{read.did_you_mean(root, ROOTS)}")
    if not all(below) or "$" in path:
        raise given["path"].refuse(f"the path '{path}' must be names with dots, such as config.model.depth")
    if any(part.isdigit() for part in below):
        raise given["path"].refuse(
            f"the path '{path}' counts in a list, which Omniboard cannot; name a field"
        )
    return CustomColumn(name, path)


def _name(entry: Entry, given: Fields) -> str:
    name = read.text(given, "name")
    place = given.get("name", entry)
    if not name:
        raise place.refuse("the column has no name; write one such as name: test accuracy")
    if not _NAME.fullmatch(name):
        raise place.refuse(
            f"the name '{name}' must be letters, digits, spaces and _/()%-, beginning with a letter or digit"
        )
    if name in TAKEN or name.startswith(SETTING_PREFIX):
        raise place.refuse(f"the name '{name}' is one of Omniboard's own; choose another, such as my_{name}")
    return name


def _check_metrics(entries: Sequence[Entry], columns: Sequence[MetricColumn]) -> None:
    """Omniboard takes a dot in a metric's name for _, and then one of two for the other."""
    seen: dict[str, str] = {}
    for entry, column in zip(entries, columns, strict=True):
        other = seen.setdefault(column.metric.replace(".", "_"), column.metric)
        if other != column.metric:
            raise entry.refuse(
                f"Omniboard confuses the metrics '{other}' and '{column.metric}'; rename one in the runs"
            )


def _check_paths(entries: Sequence[Entry], columns: Sequence[CustomColumn]) -> None:
    """Two paths, one inside the other, cannot be asked for at once, but in fields that are loaded whole."""
    for entry, column in zip(entries, columns, strict=True):
        for other in columns:
            inside = column.path.startswith(f"{other.path}.")
            if inside and column.path.split(".")[0] not in _LOADED_WHOLE:
                raise entry.refuse(f"the path '{column.path}' lies inside '{other.path}'; keep one of them")
