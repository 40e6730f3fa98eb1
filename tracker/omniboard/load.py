"""The layout file: YAML in, a Layout out, strictly."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tracker.errors import LayoutError, QuestionsError
from tracker.omniboard import columns
from tracker.omniboard.browser import browser
from tracker.omniboard.layout import DEFAULT_LAYOUT, Layout
from tracker.questions import fields as read
from tracker.questions.fields import Fields
from tracker.questions.yaml_lines import Entry
from tracker.questions.yaml_lines import read as read_yaml

_FILE = ("version", "prune", "settings", "metric_columns", "custom_columns", "layout", "extended")


def load_layout(path: str | Path = DEFAULT_LAYOUT) -> Layout:
    """The layout in a file; raises LayoutError, which starts with file and line."""
    path = Path(path)
    try:
        return _layout(path, read_yaml(path, what="layout file", needs="version and columns"))
    except QuestionsError as error:  # the reader of YAML knows no other
        raise LayoutError(str(error)) from error


def _layout(path: Path, document: Entry) -> Layout:
    given = read.fields(document, _FILE, "the file")
    if "version" not in given or given["version"].content != 1:
        raise given.get("version", document).refuse("version must be 1; write version: 1")
    metric = columns.metric_columns(given, extended=_truth(given, "extended"))
    custom = columns.custom_columns(given)
    columns.check_together(given, metric, custom)
    names = [column.name for column in metric] + [column.name for column in custom]
    return Layout(
        path=path,
        prune=read.choice(given, "prune", ("managed", "none"), "managed"),
        settings=_settings(given["settings"]) if "settings" in given else {},
        metric_columns=metric,
        custom_columns=custom,
        browser=browser(given["layout"], names) if "layout" in given else None,
    )


def _truth(given: Fields, name: str) -> bool:
    if name in given and not isinstance(given[name].content, bool):
        raise given[name].refuse(f"{name} must be true or false, not {given[name].plain()!r}")
    return name in given and bool(given[name].content)


def _settings(entry: Entry) -> dict[str, Any]:
    given = read.fields(entry, tuple(_SETTINGS), "settings")
    return {name: _SETTINGS[name](name, one) for name, one in given.items()}


def _timezone(name: str, entry: Entry) -> str:
    zone = entry.content
    if not isinstance(zone, str) or zone not in zoneinfo.available_timezones():
        raise entry.refuse(f"{name} {zone!r} is no time zone; write UTC or a name such as Europe/Berlin")
    return zone


def _at_least(least: int) -> Callable[[str, Entry], int]:
    def number(name: str, entry: Entry) -> int:
        value = entry.content
        if type(value) is not int or value < least:
            raise entry.refuse(f"{name} must be a whole number of {least} or more, not {entry.plain()!r}")
        return value

    return number


# Omniboard's dialog saves nothing at all any more when one of them is 0 or empty
_SETTINGS: dict[str, Callable[[str, Entry], Any]] = {
    "timezone": _timezone,
    "auto_refresh_interval": _at_least(5),
    "initial_fetch_size": _at_least(1),
    "row_height": _at_least(1),
}
