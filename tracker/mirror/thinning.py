"""A metric as few points as can be drawn, whose extremes are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tracker.journal.points import Batch, Number

KEPT = 5000  # points at most; Omniboard draws so many at once
_BUCKETS = (KEPT - 2) // 4 * 2  # an even number; each keeps two; the first and the last point come on top

Point = tuple[int, Number, float, int]  # place in the metric, step, value, time


@dataclass(slots=True)
class Thinning:
    """Points come in order; the first, the last, the smallest, the largest are always among those kept.

    Equal stretches of the metric keep their smallest and their largest point each; two stretches become one
    whenever there are too many. What is kept depends on the points alone, not on how they came.
    """

    count: int = 0
    _width: int = 1  # points in a stretch
    _low: list[Point] = field(default_factory=list)  # one for each stretch
    _high: list[Point] = field(default_factory=list)
    _ends: list[Point] = field(default_factory=list)  # the first point, the last

    def add(self, batch: Batch) -> None:
        """Takes more points, which must be finite."""
        begin, size = 0, len(batch.values)
        while begin < size:
            if self.count % self._width == 0 and len(self._low) == _BUCKETS:
                self._merge()
            end = min(size, begin + self._width - self.count % self._width)
            self._take(batch, begin, end)
            self.count += end - begin
            begin = end

    def kept(self) -> tuple[list[Number], list[float], list[int]]:
        """Steps, values, times."""
        chosen = sorted({point[0]: point for point in (*self._ends, *self._low, *self._high)}.values())
        return [point[1] for point in chosen], [point[2] for point in chosen], [point[3] for point in chosen]

    def _take(self, batch: Batch, begin: int, end: int) -> None:
        """Points of one stretch."""
        values = batch.values[begin:end]
        low, high = (self._point(batch, begin, values.index(found)) for found in (min(values), max(values)))
        self._ends[1:] = [self._point(batch, begin, end - begin - 1)]
        if self.count == 0:
            self._ends.insert(0, self._point(batch, begin, 0))
        if self.count % self._width == 0:
            self._low.append(low)
            self._high.append(high)
        else:
            self._low[-1] = _lower(self._low[-1], low)
            self._high[-1] = _higher(self._high[-1], high)

    def _point(self, batch: Batch, begin: int, index: int) -> Point:
        at = begin + index
        return (self.count + index, batch.steps[at], batch.values[at], batch.times[at])

    def _merge(self) -> None:
        self._low = [_lower(*pair) for pair in _pairs(self._low)]
        self._high = [_higher(*pair) for pair in _pairs(self._high)]
        self._width *= 2


def _pairs(points: Sequence[Point]) -> Iterable[tuple[Point, Point]]:
    return zip(points[::2], points[1::2], strict=True)


def _lower(first: Point, second: Point) -> Point:
    return second if second[2] < first[2] else first


def _higher(first: Point, second: Point) -> Point:
    return second if second[2] > first[2] else first
