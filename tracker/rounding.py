"""How many digits a number deserves."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

MOST_DECIMALS = 12


def digits(width: float) -> int:
    """The decimals that show one digit of a width."""
    return max(0, -math.floor(math.log10(width))) if width > 0 else 0


def enough_decimals(grain: float, numbers: Sequence[float], bounds: Iterable[float]) -> int:
    """The decimals that show one digit of `grain`, or more where rounding moved a number across a bound."""
    bounds = tuple(bounds)
    for count in range(min(digits(grain), MOST_DECIMALS), MOST_DECIMALS):
        if not any(_crosses(number, round(number, count), bounds) for number in numbers):
            return count
    return MOST_DECIMALS


def p_value(p: float | None, alpha: float) -> str:
    """A p value behind its sign, such as "=0.031" or "<0.001", never rounded to the other side of alpha."""
    assert p is not None
    least = min(0.001, alpha)
    if p < least:
        return f"<{least:g}"
    count = next(d for d in range(3, 20) if (float(f"{p:.{d}f}") < alpha) == (p < alpha) or d == 19)
    return f"={p:.{count}f}"


def percentage(level: float) -> str:
    """A level such as 0.95 in percent, with the decimals that tell how far it is from 100."""
    number = 100 * level
    count = next(d for d in range(20) if abs(round(number, d) - number) <= 0.02 * (100 - number) or d == 19)
    return f"{number:.{count}f}%"


def _crosses(number: float, rounded: float, bounds: Iterable[float]) -> bool:
    """Whether one of two numbers lies on another side of a bound, or on the bound, and the other does not."""
    if number == rounded:
        return False
    low, high = min(number, rounded), max(number, rounded)
    return any(low <= bound <= high for bound in bounds)
