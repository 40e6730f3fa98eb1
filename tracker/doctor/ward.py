"""What the doctor asks of a store of either kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from tracker.doctor.entry import Check, Entry, Metric
from tracker.doctor.finding import Finding


class Ward(Protocol):
    """A store that is looked at, and changed where something is mended; StoreError where it cannot be."""

    run_checks: Sequence[Check]  # of an Entry
    metric_checks: Sequence[Check]  # of a Metric

    def entries(self) -> Iterator[Entry]:
        """Every run."""

    def metrics(self) -> Iterator[Metric]:
        """Every metric's document whose run is there."""

    def change(self, run: Entry, changes: Mapping[str, Any]) -> None:
        """Set fields of a run's document, by their dotted paths."""

    def change_metric(self, metric: Metric, changes: Mapping[str, Any]) -> None:
        """Set fields of a metric's document."""

    def findings(self) -> Iterator[Finding]:
        """What is wrong between the documents, or with what only this kind of store has."""
