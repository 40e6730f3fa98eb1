"""The three tables that every format is made of: the tree, its values, its runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from tracker.export import columns
from tracker.export.details import RunRow, ValueRow, run_rows, value_rows
from tracker.findings import Finding
from tracker.statistics.estimates import Numbers
from tracker.table import Row, rows

_KINDS = {  # annotation of a field -> type in a table schema
    "str": "string",
    "int": "integer",
    "bool": "boolean",
    "float": "number",
    "tuple": "array",
    "Mapping": "object",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column with the type of its cells: string, integer, number, boolean, array, object or any."""

    name: str
    kind: str
    about: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: `rows` hold one value per column, None where nothing is known."""

    name: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    keys: tuple[str, ...]  # the columns that tell one row from another

    def place(self, name: str) -> int:
        """Which column has this name, counted from 0."""
        return [column.name for column in self.columns].index(name)


def sheets(findings: Sequence[Finding], numbers: Numbers | None = None) -> tuple[Sheet, Sheet, Sheet]:
    """The tree with a row per node, its values, and its runs."""
    return tree_sheet(rows(findings)), values_sheet(findings), runs_sheet(findings, numbers)


def tree_sheet(table: Iterable[Row]) -> Sheet:
    """The tree alone."""
    return _sheet("tree", "one row per question or group, depth first", Row, table, columns.TREE, 1)


def values_sheet(findings: Sequence[Finding]) -> Sheet:
    """A row per question and value."""
    told = "one row per question and value"
    return _sheet("values", told, ValueRow, value_rows(findings), columns.VALUES, 2)


def runs_sheet(findings: Sequence[Finding], numbers: Numbers | None = None) -> Sheet:
    """A row per question and run, as `run_rows` says."""
    told = "one row per question and run"
    return _sheet("runs", told, RunRow, run_rows(findings, numbers), columns.RUNS, 4)


def _sheet(
    name: str, about: str, kind: type[Any], table: Iterable[Any], told: Mapping[str, str], keys: int
) -> Sheet:
    names = [field.name for field in fields(kind)]
    described = tuple(Column(f.name, _kind(str(f.type)), told.get(f.name, "")) for f in fields(kind))
    found = tuple(tuple(getattr(row, name) for name in names) for row in table)
    return Sheet(name, about, described, found, tuple(names[:keys]))


def _kind(annotation: str) -> str:
    """The type of a field's cells, told from its annotation."""
    return _KINDS.get(annotation.removesuffix(" | None").partition("[")[0], "any")
