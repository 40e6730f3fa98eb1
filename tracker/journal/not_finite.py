"""Which points of which metrics were not finite, counted beside the points that were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tracker.journal.points import Batch, Number, number

FACT = "not_finite"


@dataclass(slots=True)
class NotFinite:
    """The counts so far; they are the run's fact `not_finite`."""

    counts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def without(self, batch: Batch) -> Batch:
        """The points of the batch whose numbers are all finite; the others are counted."""
        kept: list[tuple[Number, Number, int]] = []
        for step, value, time in zip(batch.steps, batch.values, batch.times, strict=True):
            at, found = number(step), number(value)
            if at is None or found is None:
                self._count(batch.name, at)
            else:
                kept.append((at, found, int(time)))
        steps, values, times = zip(*kept, strict=True) if kept else ((), (), ())
        return Batch(batch.name, steps, values, times)

    def total(self, name: str) -> int:
        """How many points of the metric were not finite."""
        return int(self.counts[name]["count"]) if name in self.counts else 0

    def fact(self) -> list[dict[str, Any]]:
        """As it stands in the record."""
        return [dict(count) for count in self.counts.values()]

    def _count(self, name: str, step: Number | None) -> None:
        count = self.counts.setdefault(name, {"metric": name, "first": step, "last": step, "count": 0})
        count["last"] = step
        count["count"] += 1
