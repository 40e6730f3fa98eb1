"""What a test set's size alone says about one network's accuracy."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tracker.questions.question import Metric
from tracker.run import Run

_SHARES = ("accuracy", "error")  # in the names of metrics that are shares of a test set


def wilson(share: float, n: int, alpha: float) -> tuple[float, float]:
    """Wilson's interval for a share of n images, which holds the true one 1 - alpha of the time."""
    from scipy.special import ndtri

    square = float(ndtri(1 - alpha / 2)) ** 2
    centre = (share + square / (2 * n)) / (1 + square / n)
    half = math.sqrt(square * (share * (1 - share) / n + square / (4 * n * n))) / (1 + square / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def tested(run: Run, metric: Metric) -> int | None:
    """The images that a run's metric was measured on, where its record says so."""
    training = run.info.get("training")
    data = training.get("data") if isinstance(training, Mapping) else None
    count = data.get(metric.split) if isinstance(data, Mapping) else None
    return count if type(count) is int and count > 0 else None


def network_interval(skill: float, run: Run, metric: Metric, alpha: float) -> tuple[float, float] | None:
    """The interval of one network's accuracy over test sets like this one; None where it has no meaning."""
    n, scale = tested(run, metric), 100.0 if metric.unit == "%" else 1.0
    if n is None or not any(word in metric.name.lower() for word in _SHARES) or not 0 <= skill <= scale:
        return None
    low, high = wilson(skill / scale, n, alpha)
    return low * scale, high * scale
