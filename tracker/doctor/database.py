"""A MongoDB as the doctor's ward."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker.doctor import (
    checks_database,
    checks_documents,
    checks_life,
    checks_links,
    checks_metrics,
    checks_values,
)
from tracker.doctor.asked import Asked
from tracker.doctor.checks_columns import column_findings
from tracker.doctor.entry import Check, Entry, Metric
from tracker.doctor.finding import Finding
from tracker.errors import StoreError
from tracker.journal.moments import utc

COLUMNS = ("omniboard.metric.columns", "omniboard.custom.columns")


class DatabaseWard:
    """The runs of one database."""

    run_checks: Sequence[Check] = (
        *checks_documents.CHECKS,
        *checks_documents.DATABASE_CHECKS,
        *checks_values.CHECKS,
        *checks_links.CHECKS,
        *checks_metrics.NAME_CHECKS,
        *checks_life.CHECKS,
    )
    metric_checks: Sequence[Check] = (*checks_metrics.CHECKS, *checks_metrics.DATABASE_CHECKS)

    def __init__(self, address: str, now: datetime) -> None:
        self._asked, self._now = Asked(address), now
        self._runs: dict[Any, Entry] = {}

    def entries(self) -> Iterator[Entry]:
        """Every run."""
        heads: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for head in self._asked.metric_heads():
            heads[_key(head.get("run_id"))].append(head)
        for document, size in self._asked.runs():
            entry = _entry(document, size, self._now, heads[_key(document.get("_id"))])
            self._runs[_key(entry.id)] = entry
            yield entry

    def metrics(self) -> Iterator[Metric]:
        """Every metric's document whose run is there."""
        for document in self._asked.metrics():
            run = self._runs.get(_key(document.get("run_id")))
            if run is not None:
                yield Metric(run, document)

    def change(self, run: Entry, changes: Mapping[str, Any]) -> None:
        """Set fields of a run's document; refused where somebody wrote it since it was read."""
        seen = {name: run.document.get(name) for name in ("heartbeat", "status")}
        if not self._asked.set("runs", {"_id": run.id, **seen}, changes):
            raise StoreError(f"{run.place} was written while it was looked at: ask the doctor again.")
        self._runs[_key(run.id)] = run.changed(changes)

    def change_metric(self, metric: Metric, changes: Mapping[str, Any]) -> None:
        """Set fields of a metric's document."""
        counted = {"count": len(changes["values"])} if "count" in metric.document else {}
        self._asked.set("metrics", {"_id": metric.document["_id"]}, {**changes, **counted})

    def findings(self) -> Iterator[Finding]:
        """What is wrong between the documents, and with Omniboard's columns."""
        database = checks_database.Database(list(self._runs.values()), self._asked, self._now)
        for check in checks_database.CHECKS:
            yield from check(database)
        yield from column_findings(*map(self._asked.all, COLUMNS))


def _entry(document: dict[str, Any], size: int, now: datetime, heads: Sequence[Mapping[str, Any]]) -> Entry:
    names = tuple(str(head.get("name")) for head in heads)
    start = utc(document.get("start_time"))
    own = [head for head in heads if not checks_metrics.is_older(head, start)]
    linkable = {str(head["_id"]): str(head.get("name")) for head in own}
    return Entry(document.get("_id"), document, now, names, linkable, size)


def _key(id: Any) -> Any:
    return id if isinstance(id, int | float | str) else repr(id)
