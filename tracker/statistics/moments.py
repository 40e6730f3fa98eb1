"""Mean, spread and shape of a few numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache

OUTLYING = 0.01  # how often a normal sample has a seed that counts as an outlier
_FEWEST = 4  # numbers for an outlier: of three, one is always far from the other two


def mean(numbers: Sequence[float]) -> float:
    """The mean of one number or more."""
    return math.fsum(numbers) / len(numbers)


def variance(numbers: Sequence[float]) -> float:
    """The variance, with n - 1, of two numbers or more; exactly 0 where all are equal."""
    steps = [number - numbers[0] for number in numbers]  # the mean of equal numbers may miss them by a bit
    centre = mean(steps)
    return math.fsum([(step - centre) ** 2 for step in steps]) / (len(numbers) - 1)


def sd(numbers: Sequence[float]) -> float:
    """The standard deviation, with n - 1, of two numbers or more."""
    return math.sqrt(variance(numbers))


def pooled(samples: Sequence[Sequence[float]]) -> tuple[float, int]:
    """The common standard deviation within samples and its degrees of freedom; 0 of both without any."""
    several = [numbers for numbers in samples if len(numbers) > 1]
    freedom = sum(len(numbers) - 1 for numbers in several)
    if not freedom:
        return 0.0, 0
    squares = math.fsum([variance(numbers) * (len(numbers) - 1) for numbers in several])
    return math.sqrt(squares / freedom), freedom


def skewness(numbers: Sequence[float]) -> float | None:
    """The third standardised moment of three numbers or more that differ."""
    if len(numbers) < 3:
        return None
    centre = mean(numbers)
    wide = math.sqrt(math.fsum([(number - centre) ** 2 for number in numbers]) / len(numbers))
    if wide == 0:
        return None
    return math.fsum([((number - centre) / wide) ** 3 for number in numbers]) / len(numbers)


def skewed(samples: Sequence[Sequence[float]]) -> bool:
    """Whether the samples together lean to one side more than normal ones do in 19 of 20 cases.

    The variance of a normal sample's skewness is 6 (n - 2) / (n + 1) / (n + 3), exactly.
    """
    found = [(len(numbers), skewness(numbers)) for numbers in samples]
    known = [(n, skew) for n, skew in found if skew is not None]
    spread = math.fsum([6 * (n - 2) / ((n + 1) * (n + 3)) for n, _ in known])
    return bool(known) and abs(math.fsum([skew for _, skew in known])) > 1.96 * math.sqrt(spread)


def outlier(skills: Mapping[int, float]) -> int | None:
    """The seed that lies too far from the others by Grubbs's test, at `OUTLYING`; four seeds or more."""
    numbers = list(skills.values())
    if len(numbers) < _FEWEST:
        return None
    centre, wide = mean(numbers), sd(numbers)
    seed = max(skills, key=lambda one: abs(skills[one] - centre))
    return seed if abs(skills[seed] - centre) > _grubbs(len(numbers)) * wide > 0 else None


def correlation(ones: Sequence[float], others: Sequence[float]) -> float | None:
    """Pearson's correlation of pairs, or None where one side does not vary."""
    left, right = mean(ones), mean(others)
    product = math.fsum([(one - left) * (other - right) for one, other in zip(ones, others, strict=True)])
    wide = math.sqrt(math.fsum([(one - left) ** 2 for one in ones]))
    wide *= math.sqrt(math.fsum([(other - right) ** 2 for other in others]))
    return max(-1.0, min(1.0, product / wide)) if wide > 0 else None


@lru_cache(maxsize=1000)
def _grubbs(n: int) -> float:
    """How many standard deviations the farthest of n normal numbers seldom exceeds."""
    from scipy.special import stdtrit

    square = float(stdtrit(n - 2, 1 - OUTLYING / (2 * n))) ** 2
    return (n - 1) / math.sqrt(n) * math.sqrt(square / (n - 2 + square))
