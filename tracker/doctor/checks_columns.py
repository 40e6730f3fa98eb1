"""Columns configured in Omniboard that break its table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tracker.doctor.finding import Finding

EXTREMA = ("avg", "min", "max", "last", "last_avg")  # what Omniboard's dialog offers
MORE_EXTREMA = ("sum", "first", "stdDevPop")  # what its server also understands
# fields of a row of Omniboard, which a column of the same name would replace
FIELDS = {
    "_id", "artifacts", "captured_out", "command", "config", "duration", "experiment", "experiment_name",
    "fail_trace", "format", "heartbeat", "host", "hostname", "info", "meta", "metrics", "notes",
    "omniboard", "resources", "result", "start_time", "status", "stop_time", "tags",
}  # fmt: skip
LOADED = {"config", "experiment", "host", "meta", "omniboard", "result"}  # roots that are loaded whole

TABLE = "breaks Omniboard's table for every run"


def column_findings(
    metric_columns: Sequence[Mapping[str, Any]], custom_columns: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    """Everything that is wrong with the columns."""
    for column in metric_columns:
        if not column.get("metric_name"):
            yield _finding(
                column, "metric column without metric_name", "ends Omniboard's server at every load"
            )
        yield from _extrema(column)
    for column in custom_columns:
        if not column.get("config_path"):
            yield _finding(column, "custom column without config_path", TABLE)
    for column in (*metric_columns, *custom_columns):
        yield from _name(str(column.get("name") or ""), column)
    yield from _prefixes(custom_columns)


def _extrema(column: Mapping[str, Any]) -> Iterator[Finding]:
    extrema, last = column.get("extrema"), column.get("lastn")
    if extrema not in (*EXTREMA, *MORE_EXTREMA):
        yield _finding(column, f"extrema is {extrema!r}, none of {', '.join(EXTREMA)}", TABLE)
    elif extrema == "last_avg" and not (isinstance(last, int | float) and last >= 1):
        yield _finding(column, "last_avg without lastn", TABLE)


def _name(name: str, column: Mapping[str, Any]) -> Iterator[Finding]:
    if name in FIELDS:
        yield _finding(column, f"is named like the field {name}", "replaces that field in every row")
    elif not name or "." in name or name.startswith("$"):
        yield _finding(column, "its name is empty, has a . or starts with $", TABLE)


def _prefixes(columns: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Paths outside what is loaded anyway, of which one contains the other: MongoDB refuses to load both."""
    paths = {str(column.get("config_path") or ""): column for column in columns}
    for path, column in paths.items():
        longer = [other for other in paths if other.startswith(f"{path}.")]
        if path and path.split(".")[0] not in LOADED and longer:
            yield _finding(column, f"its path {path} contains that of another column, {longer[0]}", TABLE)


def _finding(column: Mapping[str, Any], what: str, harm: str) -> Finding:
    place = f"column {column.get('name') or column.get('_id')}"
    return Finding("columns", place, what, harm, "delete or correct it, then `tracker omniboard sync`")
