"""A folder of runs as the doctor's ward."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from tracker.doctor import checks_documents, checks_folder, checks_life, checks_metrics, checks_values
from tracker.doctor.checks_leftovers import Folder
from tracker.doctor.entry import Check, Entry, Metric
from tracker.doctor.finding import Finding
from tracker.doctor.sacred_record import change_metric, change_record, raw_metrics
from tracker.journal.folders import run_names
from tracker.journal.reader import Record, metric_names, read_record

JOURNALED = "its journal is never rewritten: mend its copy in MongoDB, with --store mongodb://..."
UNREAD = "nothing is mended in a record that cannot be read whole"


class FolderWard:
    """The runs of one folder: those that we journaled, and those of stock Sacred."""

    run_checks: Sequence[Check] = (
        *checks_documents.CHECKS,
        *checks_values.CHECKS,
        *checks_metrics.NAME_CHECKS,
        *checks_life.CHECKS,
    )
    metric_checks: Sequence[Check] = checks_metrics.CHECKS

    def __init__(self, address: str, now: datetime) -> None:
        self._store, self._now = Path(address).expanduser(), now
        self._runs: dict[str, Entry] = {}

    def entries(self) -> Iterator[Entry]:
        """Every run."""
        for name in sorted(run_names(self._store), key=lambda name: (len(name), name)):
            record = read_record(self._store / name)
            if record is None:
                continue
            self._runs[name] = _entry(record, metric_names(self._store / name), self._now)
            yield self._runs[name]

    def metrics(self) -> Iterator[Metric]:
        """Every metric of stock Sacred's runs; a journal's points are finite, and go together."""
        for name, run in self._runs.items():
            if not run.journaled:
                for document in raw_metrics(self._store / name):
                    yield Metric(self._runs[name], document)

    def change(self, run: Entry, changes: Mapping[str, Any]) -> None:
        """Set fields of a record of stock Sacred; raises OSError."""
        change_record(self._store / str(run.id), changes)
        self._runs[str(run.id)] = run.changed(changes)

    def change_metric(self, metric: Metric, changes: Mapping[str, Any]) -> None:
        """Set lists of a metric of stock Sacred; raises OSError."""
        change_metric(self._store / str(metric.run.id), str(metric.document["name"]), changes)

    def findings(self) -> Iterator[Finding]:
        """What is wrong with files and folders."""
        for check in checks_folder.CHECKS:
            yield from check(Folder(self._store, self._runs, self._now))


def _entry(record: Record, metrics: tuple[str, ...], now: datetime) -> Entry:
    frozen = JOURNALED if record.journaled else UNREAD if record.fault else ""
    return Entry(
        record.id,
        record.document,
        now,
        metrics,
        fault=record.fault,
        journaled=record.journaled,
        frozen=frozen,
    )
