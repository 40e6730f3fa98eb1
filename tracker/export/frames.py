"""The tables as pandas DataFrames, for an analysis of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tracker.export.sheets import Sheet, runs_sheet, tree_sheet, values_sheet
from tracker.findings import Finding
from tracker.statistics.estimates import Numbers
from tracker.table import rows

if TYPE_CHECKING:
    from pandas import DataFrame

_TYPES = {"string": "str", "integer": "Int64", "number": "float64", "boolean": "boolean"}
_TIMES = frozenset({"updated_at", "started", "stopped"})


def tree_frame(findings: Sequence[Finding]) -> DataFrame:
    """A row per node, with its path as the index."""
    return _frame(tree_sheet(rows(findings))).set_index("node")


def values_frame(findings: Sequence[Finding]) -> DataFrame:
    """A row per question and value."""
    return _frame(values_sheet(findings))


def runs_frame(findings: Sequence[Finding], numbers: Numbers | None = None) -> DataFrame:
    """A row per question and run.

    `numbers`, such as a store's `values`, gives the metric of runs that no estimate counts as well.
    """
    return _frame(runs_sheet(findings, numbers))


def _frame(sheet: Sheet) -> DataFrame:
    """A table with the types of its columns; what is not known is missing, and times are times."""
    import pandas

    made: dict[str, Any] = {}
    for place, column in enumerate(sheet.columns):
        cells: list[Any] = [row[place] for row in sheet.rows]
        if column.name in _TIMES:
            made[column.name] = pandas.to_datetime(
                pandas.Series(cells, dtype="object").replace("", None), utc=True
            )
        else:
            made[column.name] = pandas.Series(cells, dtype=_TYPES.get(column.kind, "object"))
    return pandas.DataFrame(made)
