"""A run's document, a metric's document, and what a check finds in them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tracker.journal.moments import utc
from tracker.run import LIVE_FOR


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a store of either kind, in the shape that MongoObserver gives it."""

    id: Any
    document: Mapping[str, Any]
    seen: datetime  # when it was looked at
    metrics: tuple[str, ...] = ()  # their names
    linkable: Mapping[str, str] = field(
        default_factory=dict
    )  # in a database: metric documents' ids, their names
    size: int = 0  # bytes in the database
    fault: str = ""  # what could not be read
    journaled: bool = False  # recorded by the tracker in a folder
    frozen: str = ""  # why the document itself cannot be changed

    @property
    def place(self) -> str:
        """How a finding names the run."""
        return f"run {self.id}" if self.id is not None else "the run without an id"

    @property
    def alive(self) -> bool:
        """Whether somebody still writes the run, whose documents must be left alone then."""
        if self.document.get("status") != "RUNNING":
            return False
        beat = last_sign(self.document)
        # a heartbeat far ahead is a clock that was wrong, and no life
        return beat is not None and abs((self.seen - beat).total_seconds()) <= LIVE_FOR

    def changed(self, changes: Mapping[str, Any]) -> Entry:
        """The entry after its changes."""
        document = copy.deepcopy(dict(self.document))
        for path, value in changes.items():
            put(document, path, value)
        return replace(self, document=document)


@dataclass(frozen=True, slots=True)
class Metric:
    """The document of one metric, with the run that it belongs to."""

    run: Entry
    document: Mapping[str, Any]

    @property
    def place(self) -> str:
        """How a finding names the metric."""
        return f"{self.run.place}, metric {self.document.get('name')}"


@dataclass(frozen=True, slots=True)
class Flaw:
    """What a check found, with the values that mend it by their dotted paths; none where nothing does."""

    what: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    in_metric: Mapping[str, Any] = field(default_factory=dict)  # changes in the metric's own document


@dataclass(frozen=True, slots=True)
class Check:
    """One way in which a document can be wrong."""

    name: str
    harm: str
    remedy: str  # where a flaw can be mended: what the mend does
    find: Callable[..., Iterator[Flaw]]  # of an Entry or a Metric
    harmful: bool = True
    otherwise: str = ""  # the remedy of a flaw that cannot be mended, where that differs


def last_sign(document: Mapping[str, Any]) -> datetime | None:
    """When the run gave its last sign of life."""
    return utc(document.get("heartbeat")) or utc(document.get("start_time"))


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Set what a dotted path names, through mappings that are made where there are none."""
    *outer, last = path.split(".")
    inner = document
    for name in outer:
        if not isinstance(inner.get(name), dict):
            inner[name] = {}
        inner = inner[name]
    inner[last] = value


def inside(document: Mapping[str, Any], *names: str) -> Any:
    """The value at a path, or None where it ends earlier."""
    found: Any = document
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
