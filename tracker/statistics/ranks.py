"""What ranks say where a run that diverged counts as the worst of all."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

MOST_EXACT = 60  # runs up to which every way to share out the ranks is counted


@dataclass(frozen=True, slots=True)
class Ranking:
    """Which way ranks point, with how seldom chance alone points so far."""

    delta: float  # over 0 where the first sample, or the end of the scale, ranks higher
    p: float  # two-sided


def midranks(numbers: Sequence[float]) -> list[float]:
    """The rank of each number from 1 on; equal ones share theirs."""
    first: dict[float, int] = {}
    counts = Counter(numbers)
    at = 1
    for number in sorted(counts):
        first[number] = at
        at += counts[number]
    return [first[number] + (counts[number] - 1) / 2 for number in numbers]


def rank_sums(one: Sequence[float], other: Sequence[float]) -> Ranking:
    """Wilcoxon's rank sum test, exact also with ties; infinite numbers may stand in both samples."""
    ranks = midranks([*one, *other])
    n, m = len(one), len(other)
    away = sum(ranks[:n]) - n * (n + m + 1) / 2
    if n + m > MOST_EXACT:
        spread = n * m / (n + m) / (n + m - 1) * sum((rank - (n + m + 1) / 2) ** 2 for rank in ranks)
        return Ranking(away * (1 / n + 1 / m), _normal(away, math.sqrt(spread)))
    ways: Counter[tuple[int, int]] = Counter({(0, 0): 1})  # how many were taken, twice their ranks' sum
    for rank in ranks:
        more = {(k + 1, total + round(2 * rank)): count for (k, total), count in ways.items() if k < n}
        ways.update(more)
    sums = {total / 2 - n * (n + m + 1) / 2: count for (k, total), count in ways.items() if k == n}
    return Ranking(away * (1 / n + 1 / m), _share(sums, away))


def signed_ranks(gaps: Sequence[float]) -> Ranking:
    """Wilcoxon's signed rank test of differences, exact also with ties; those of 0 are left out."""
    told = [gap for gap in gaps if gap]
    ranks = midranks([abs(gap) for gap in told])
    away = sum(math.copysign(rank, gap) for rank, gap in zip(ranks, told, strict=True))
    if len(told) > MOST_EXACT:
        return Ranking(away, _normal(away, math.sqrt(sum(rank * rank for rank in ranks))))
    sums: Counter[float] = Counter({0.0: 1})
    for rank in ranks:
        sums = Counter({total + rank: count for total, count in sums.items()}) + Counter(
            {total - rank: count for total, count in sums.items()}
        )
    return Ranking(away, _share(sums, away))


def rank_slope(places: Sequence[float], numbers: Sequence[float]) -> Ranking:
    """Spearman's correlation of numbers with their places, against its spread over all orders."""
    along, ranks = midranks(places), midranks(numbers)
    middle = (len(ranks) + 1) / 2
    together = sum((x - middle) * (y - middle) for x, y in zip(along, ranks, strict=True))
    wide = math.prod(sum((rank - middle) ** 2 for rank in each) for each in (along, ranks))
    return Ranking(together, _normal(together, math.sqrt(wide / (len(ranks) - 1))))


def _share(sums: dict[float, int] | Counter[float], away: float) -> float:
    """How much of all ways lies as far from the middle."""
    as_far = sum(count for total, count in sums.items() if abs(total) >= abs(away) - 1e-9)
    return as_far / sum(sums.values())


def _normal(away: float, spread: float) -> float:
    return math.erfc(abs(away) / spread / math.sqrt(2)) if spread else 1.0
