"""Where numbers lie on a plot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ROOM = 0.06  # of the span, on both sides of what is drawn
_GRAIN = 1e-9  # a span under this share of its numbers is drawn as none
_LEAST = 1e-200  # below, a number is drawn as zero; squares and tenths of it must not vanish


@dataclass(frozen=True, slots=True)
class Axis:
    """A stretch of numbers laid on a stretch of the drawing."""

    low: float
    high: float
    start: float  # the place of `low`
    end: float

    def at(self, number: float) -> float:
        """The place of a number; one outside lies at the nearer end."""
        share = (min(max(number, self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, number: float) -> bool:
        """Whether a number lies between the ends."""
        return self.low <= number <= self.high

    def ticks(self, wanted: int = 5) -> tuple[float, ...]:
        """About as many round numbers as wanted, between the ends."""
        step = _round_step(self.high - self.low, wanted)
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return tuple(place * step for place in range(first, last + 1))


def fitted(numbers: Iterable[float], bounds: Iterable[float], start: float, end: float) -> Axis:
    """An axis that shows all numbers, and the bounds of intervals as far as they do not dwarf the numbers."""
    shown = list(numbers)
    low, high = apart(min(shown), max(shown))
    span = high - low
    reachable = [min(max(bound, low - span), high + span) for bound in bounds]
    low, high = min([low, *reachable]), max([high, *reachable])
    room = (high - low) * _ROOM
    return Axis(low - room, high + room, start, end)


def apart(low: float, high: float) -> tuple[float, float]:
    """Two ends with room between them, also where the numbers are all the same."""
    size = max(abs(low), abs(high))
    if high - low > _GRAIN * size and high - low > _LEAST:
        return low, high
    half = size * 0.05 if size > _LEAST else 0.5
    return low - half, high + half


def tick_labels(ticks: Sequence[float]) -> tuple[str, ...]:
    """The ticks with as many decimals as their distance needs; very large or small ones by powers."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(ticks[0]) if ticks else 1.0
    largest = max((abs(tick) for tick in ticks), default=0.0)
    if largest >= 1e6 or 0 < step < 1e-4:
        digits = max(3, math.floor(math.log10(largest) - math.log10(step)) + 2) if step else 3
        return tuple(f"{tick:.{digits}g}".replace("-", "−") for tick in ticks)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
    return tuple(f"{tick:.{decimals}f}".replace("-", "−") for tick in ticks)


def _round_step(span: float, wanted: int) -> float:
    """The round step that comes nearest to the wanted number of ticks."""
    power = 10.0 ** math.floor(math.log10(span / wanted))
    return min((power * factor for factor in (1, 2, 5, 10)), key=lambda step: abs(span / step - wanted))
