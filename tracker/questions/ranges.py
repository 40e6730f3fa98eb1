"""Settings that are sampled from a range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

DIGITS = 3  # significant ones of a sampled number, so that a command stays readable
EDGE = 0.1  # the share of a range at either end in which the best may as well lie beyond it


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`, both included; along a log scale every factor gets the same room."""

    low: float
    high: float
    scale: str = "linear"  # or log
    whole: bool = False  # whole numbers alone

    def holds(self, value: Any) -> bool:
        """Whether a value is one of these numbers."""
        number = type(value) in (int, float)
        return number and self.low <= value <= self.high and not (self.whole and value != int(value))

    def at(self, place: float) -> float:
        """The number at a place from 0 to 1, with few digits."""
        low, high = self._span()
        found = low + (high - low) * place
        return self.rounded(math.exp(found) if self.scale == "log" else found)

    def rounded(self, number: float) -> float:
        """The number of the range with few digits that is nearest."""
        if self.whole:
            return int(min(max(round(number), self.low), self.high))
        return min(max(float(f"{number:.{DIGITS}g}"), self.low), self.high)

    def is_edge(self, value: float) -> bool:
        """Whether a number lies so near to an end that the best may lie beyond."""
        low, high = self._span()
        place = ((math.log(value) if self.scale == "log" else value) - low) / (high - low)
        return not EDGE < place < 1 - EDGE

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{' (log)' if self.scale == 'log' else ''}"

    def _span(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.scale == "log" else (self.low, self.high)
