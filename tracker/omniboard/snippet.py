"""A layout as the line that puts it into a browser."""

from __future__ import annotations

import json
from typing import Any

from tracker.omniboard.layout import BUILT_IN, SETTING_PREFIX, Browser, Layout

STORAGE_KEY = "default|RunsTable|1"  # where Omniboard 2.16 keeps its table when it shows one database

_PLACES = {  # where the document has what a built-in column shows
    "experiment_name": "experiment.name",
    "hostname": "host.hostname",
    "tags": "omniboard.tags",
    "notes": "omniboard.notes",
}
_WIDTH = 150  # Omniboard's own
_WIDTHS = {"_id": 70, "tags": 250, "notes": 250, "setup": 250, "skill": 300, "finding": 450}


def snippet(layout: Layout) -> str:
    """The line to paste into the browser's console; empty where the layout says nothing of the browser."""
    if layout.browser is None:
        return ""
    state = json.dumps(_state(layout, layout.browser), ensure_ascii=False)
    return f"localStorage.setItem({json.dumps(STORAGE_KEY)}, JSON.stringify({state})); location.reload()"


def _state(layout: Layout, browser: Browser) -> dict[str, Any]:
    """What Omniboard would have written after somebody had arranged the table by hand."""
    offered = list(dict.fromkeys((*browser.order, *layout.names, *BUILT_IN)))
    shown = browser.order or tuple(offered)
    metric = [{"name": column.name, "value": column.name} for column in layout.metric_columns]
    custom = [{"name": column.name, "value": column.path} for column in layout.custom_columns]
    return {
        "columnOrder": list(shown),
        "dropdownOptions": [
            {"label": _label(name), "value": name, "selected": name in shown} for name in offered
        ],
        "columnWidths": {name: _WIDTHS.get(name, _WIDTH) for name in offered},
        "sort": {name: word.upper() for name, word in browser.sort.items()},
        "metricAndCustomColumns": [*metric, *custom],
        "columnNameMap": {name: _place(name, layout) for name in offered if _place(name, layout)},
        "filters": {
            "status": [],
            "advanced": [
                {"name": one.column, "operator": one.op, "value": one.value, "disabled": False}
                for one in browser.filters
            ],
        },
        "autoRefresh": True,
    }


def _label(name: str) -> str:
    return " ".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _place(name: str, layout: Layout) -> str:
    if name.startswith(SETTING_PREFIX):
        return f"config.{name.removeprefix(SETTING_PREFIX)}"
    paths = {column.name: column.path for column in layout.custom_columns}
    return _PLACES.get(name) or paths.get(name, "")
