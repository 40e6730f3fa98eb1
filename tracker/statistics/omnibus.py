"""Whether a parameter matters at all: all of its values in one test."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tracker.statistics.effects import Sample


def welch_anova(samples: Sequence[Sample]) -> float | None:
    """The p of Welch's analysis of variance for equal means; None where a sample does not vary."""
    if len(samples) < 2 or any(one.n < 2 or one.variance <= 0 for one in samples):
        return None
    from scipy.special import fdtrc

    k, weights = len(samples), [one.n / one.variance for one in samples]
    total = math.fsum(weights)
    centre = math.fsum([weight * one.mean for weight, one in zip(weights, samples, strict=True)]) / total
    between = [weight * (one.mean - centre) ** 2 for weight, one in zip(weights, samples, strict=True)]
    loose = [(1 - weight / total) ** 2 / (one.n - 1) for weight, one in zip(weights, samples, strict=True)]
    unequal = math.fsum(loose) / (k**2 - 1)
    ratio = math.fsum(between) / (k - 1) / (1 + 2 * (k - 2) * unequal)
    return float(fdtrc(k - 1, 1 / (3 * unequal), ratio))
