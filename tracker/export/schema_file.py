"""The types of the CSV tables, as a Frictionless data package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tracker.export.sheets import Column, Sheet


def schema_text(tables: Mapping[Path, Sheet]) -> str:
    """The descriptor of CSV files: for each the Table Schema of its columns."""
    package = {
        "profile": "tabular-data-package",
        "name": next(iter(tables.values())).name,
        "resources": [_resource(path, sheet) for path, sheet in tables.items()],
    }
    return json.dumps(package, indent=2, ensure_ascii=False) + "\n"


def _resource(path: Path, sheet: Sheet) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": sheet.name,
        "title": sheet.about,
        "path": path.name,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ",", "lineTerminator": "\n", "quoteChar": '"', "doubleQuote": True},
        "schema": {
            "fields": [_field(column) for column in sheet.columns],
            "missingValues": [""],
            "primaryKey": list(sheet.keys),
        },
    }


def _field(column: Column) -> dict[str, Any]:
    return {"name": column.name, "type": column.kind, "description": column.about}
