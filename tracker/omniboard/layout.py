"""What a layout file asks Omniboard to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_LAYOUT = Path(__file__).parent.parent / "omniboard.yaml"

BUILT_IN = (  # the columns that Omniboard 2.16 makes of every run, beside one per setting, called c_<setting>
    "_id",
    "experiment_name",
    "hostname",
    "command",
    "format",
    "heartbeat",
    "duration",
    "resources",
    "result",
    "start_time",
    "stop_time",
    "status",
    "tags",
    "notes",
)
SETTING_PREFIX = "c_"


@dataclass(frozen=True, slots=True)
class MetricColumn:
    """A column with one number of a metric."""

    name: str
    metric: str
    extrema: str  # avg, min, max, last or last_avg
    lastn: int = 1  # how many values last_avg looks at


@dataclass(frozen=True, slots=True)
class CustomColumn:
    """A column with a field of the run's document."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition that the table begins with."""

    column: str  # the field's path, such as config.data
    op: str  # $eq, $ne, $lt, $lte, $gt, $gte, $in or $regex
    value: Any


@dataclass(frozen=True, slots=True)
class Browser:
    """What only the browser knows: the columns in their order, the sorting, the filters."""

    order: tuple[str, ...] = ()
    sort: Mapping[str, str] = field(default_factory=dict)  # at most one column: asc or desc
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole layout file."""

    path: Path
    prune: str = "managed"  # or none: nothing is ever removed
    settings: Mapping[str, Any] = field(default_factory=dict)
    metric_columns: tuple[MetricColumn, ...] = ()
    custom_columns: tuple[CustomColumn, ...] = ()
    browser: Browser | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the metric columns, then of the custom ones."""
        metric = tuple(column.name for column in self.metric_columns)
        return (*metric, *(column.name for column in self.custom_columns))
