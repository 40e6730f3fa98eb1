"""How many seeds would show the smallest difference of interest."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

POWER = 0.8  # how often the difference shall be found, if it is there
SURE = 0.8  # how often the spread that is planned with shall be no less than the true one
FEWEST = 3  # seeds per value for a verdict: with two, a t interval is 18 sd wide
MOST = 1000  # beyond it, the answer is "more"


@dataclass(frozen=True, slots=True)
class Design:
    """How the error of a test shrinks with the seeds: error = scale * sd / sqrt(n), at so many freedoms."""

    scale: float
    freedom: Callable[[int], int]


TWO_SAMPLES = Design(math.sqrt(2), lambda n: 2 * n - 2)
PAIRS = Design(1.0, lambda n: n - 1)


def trend_design(places: tuple[float, ...]) -> Design:
    """The design of a line through values at these places, n seeds each."""
    centre = sum(places) / len(places)
    square = math.fsum([(place - centre) ** 2 for place in places])
    reach = max(places) - min(places)
    return Design(reach / math.sqrt(square), lambda n: len(places) * n - 2)


def careful(sd: float, freedom: int) -> float:
    """The upper bound of a standard deviation that few numbers have given, at `SURE`."""
    return sd * _widening(freedom)


def power(margin: float, sd: float, n: int, alpha: float, design: Design = TWO_SAMPLES) -> float:
    """How often a test at alpha finds a difference of `margin` with n seeds per value."""
    from scipy.special import nctdtr, stdtrit

    freedom = design.freedom(n)
    far = margin * math.sqrt(n) / (design.scale * sd)  # the noncentrality
    bound = float(stdtrit(freedom, 1 - alpha / 2))
    if far > 1e4 or not math.isfinite(bound):
        return float(far > bound)
    return 1 - float(nctdtr(freedom, far, bound))


def seeds_needed(
    margin: float, sd: float, freedom: int, alpha: float, design: Design = TWO_SAMPLES
) -> int | None:
    """The fewest seeds per value with the power `POWER` for a difference of `margin`; MOST + 1 for more.

    `sd` comes with its degrees of freedom, because a spread that is known badly is planned with carefully.
    None where there is no spread to plan with.
    """
    if sd <= 0 or freedom < 1:
        return None
    spread = careful(sd, freedom)
    low, high = FEWEST - 1, FEWEST
    while high <= MOST and power(margin, spread, high, alpha, design) < POWER:
        low, high = high, high * 2
    if high > MOST and power(margin, spread, MOST, alpha, design) < POWER:
        return MOST + 1
    high = min(high, MOST)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(margin, spread, middle, alpha, design) >= POWER else (middle, high)
    return high


@lru_cache(maxsize=1000)
def _widening(freedom: int) -> float:
    from scipy.special import chdtri

    return math.sqrt(freedom / float(chdtri(freedom, SURE)))
