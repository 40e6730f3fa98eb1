"""Differences and trends with their uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.statistics.moments import mean, pooled, sd, variance


@dataclass(frozen=True, slots=True)
class Effect:
    """A difference with its standard error and degrees of freedom."""

    delta: float
    error: float
    freedom: float

    @property
    def p(self) -> float:
        """Two-sided p of Student's t for no difference."""
        from scipy.special import stdtr

        return 2 * float(stdtr(self.freedom, -abs(self.delta) / self.error))

    def p_beyond(self, margin: float) -> float:
        """The p of two one-sided tests (TOST): small when the difference lies within ± margin."""
        from scipy.special import stdtr

        return float(stdtr(self.freedom, (abs(self.delta) - margin) / self.error))

    def interval(self, alpha: float) -> tuple[float, float]:
        """The interval that holds the difference 1 - alpha of the time."""
        from scipy.special import stdtrit

        half = float(stdtrit(self.freedom, 1 - alpha / 2)) * self.error
        return self.delta - half, self.delta + half


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as a test sees it."""

    n: int
    mean: float
    variance: float

    @staticmethod
    def of(numbers: Sequence[float]) -> Sample:
        """The sample of two numbers or more."""
        return Sample(len(numbers), mean(numbers), variance(numbers))

    def without(self, number: float) -> Sample:
        """The sample less one of its numbers, of which it has three or more."""
        n, away = self.n, number - self.mean
        left = self.variance * (n - 1) - away**2 * n / (n - 1)
        return Sample(n - 1, self.mean - away / (n - 1), max(0.0, left) / (n - 2))


def welch(one: Sample, other: Sample) -> Effect:
    """The difference of two means whose spreads may differ."""
    left, right = one.variance / one.n, other.variance / other.n
    share = left / (left + right) if left + right else 0.5
    freedom = 1 / (share**2 / (one.n - 1) + (1 - share) ** 2 / (other.n - 1))
    return Effect(one.mean - other.mean, math.sqrt(left + right), freedom)


def paired(numbers: Sequence[float], baseline: Sequence[float]) -> Effect:
    """The mean difference of pairs, two or more."""
    gaps = [one - other for one, other in zip(numbers, baseline, strict=True)]
    return Effect(mean(gaps), sd(gaps) / math.sqrt(len(gaps)), len(gaps) - 1)


def slope(places: Sequence[float], numbers: Sequence[float]) -> Effect:
    """The change of a fitted line from the lowest place to the highest; three points or more."""
    centre, middle = mean(places), mean(numbers)
    square = math.fsum([(place - centre) ** 2 for place in places])
    pairs = list(zip(places, numbers, strict=True))
    steep = math.fsum([(place - centre) * (number - middle) for place, number in pairs]) / square
    rest = math.fsum([(number - middle - steep * (place - centre)) ** 2 for place, number in pairs])
    freedom = len(numbers) - 2
    reach = max(places) - min(places)
    return Effect(steep * reach, math.sqrt(rest / freedom / square) * reach, freedom)


def slopes_without_each(places: Sequence[float], numbers: Sequence[float]) -> list[Effect]:
    """The slope without each point in turn, of four or more; both ends must hold two points or more."""
    n, centre, middle = len(places), mean(places), mean(numbers)
    along = [place - centre for place in places]
    square = math.fsum([one * one for one in along])
    steep = math.fsum([one * (number - middle) for one, number in zip(along, numbers, strict=True)]) / square
    off = [number - middle - steep * one for one, number in zip(along, numbers, strict=True)]
    rest = math.fsum([one * one for one in off])
    reach = max(places) - min(places)
    found = []
    for one, error in zip(along, off, strict=True):
        free = 1 - 1 / n - one * one / square  # what the point's own error leaves of it
        left = max(0.0, rest - error * error / free) / (n - 3)
        wide = square - one * one * n / (n - 1)
        change = steep - one * error / (square * free)
        found.append(Effect(change * reach, math.sqrt(left / wide) * reach, n - 3))
    return found


@dataclass(frozen=True, slots=True)
class Bend:
    """How far the middle of a fitted parabola lies above the mean of its ends, if it turns between them."""

    effect: Effect
    turns: bool


def bend(places: Sequence[float], numbers: Sequence[float]) -> Bend:
    """The bend of a parabola fitted to four points or more at three places or more."""
    reach = max(places) - min(places)
    along = [(place - min(places)) / reach - 0.5 for place in places]
    line, _ = _without(along, [1.0] * len(along))
    square, _ = _without([one**2 for one in along], [1.0] * len(along))
    curve, lean = _without(square, line)
    flat, _ = _without(numbers, [1.0] * len(along))
    straight, steep = _without(flat, line)
    rest, bent = _without(straight, curve)
    freedom = len(numbers) - 3
    size = math.fsum([one**2 for one in curve])
    error = math.sqrt(math.fsum([one**2 for one in rest]) / freedom / size)
    ends = [steep + bent * (2 * end - lean) for end in (-0.5, 0.5)]  # the parabola's slope at its ends
    return Bend(Effect(-bent / 4, error / 4, freedom), ends[0] * ends[1] < 0)


def _without(numbers: Sequence[float], other: Sequence[float]) -> tuple[list[float], float]:
    """Numbers less their share of `other`, and that share: one step of Gram and Schmidt."""
    share = math.fsum([x * y for x, y in zip(numbers, other, strict=True)]) / math.fsum(y * y for y in other)
    return [x - share * y for x, y in zip(numbers, other, strict=True)], share


def hedges(delta: float, samples: Sequence[Sequence[float]]) -> float | None:
    """Hedges's g: a difference in standard deviations of the seeds, freed from the bias of few seeds."""
    spread, freedom = pooled(samples)
    return delta / spread * (1 - 3 / (4 * freedom - 1)) if spread > 0 else None


def holm(ps: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, ...]:
    """The p values adjusted so that all of them together err as seldom as one; weights share out alpha."""
    shares = list(weights or [1.0] * len(ps))
    adjusted = [0.0] * len(ps)
    highest, left = 0.0, math.fsum(shares)
    for place in sorted(range(len(ps)), key=lambda place: ps[place] / shares[place]):
        highest = max(highest, min(1.0, ps[place] / shares[place] * left))
        adjusted[place] = highest
        left -= shares[place]
    return tuple(adjusted)
