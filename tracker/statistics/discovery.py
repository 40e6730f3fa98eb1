"""How many of a project's answers may be false."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tracker.statistics.verdicts import OPEN, WITHIN, Comparison


def benjamini_hochberg(ps: Sequence[float]) -> tuple[float, ...]:
    """The p values adjusted for the share of false ones among those that are called."""
    adjusted, lowest = [1.0] * len(ps), 1.0
    for rank, place in sorted(enumerate(sorted(range(len(ps)), key=ps.__getitem__), 1), reverse=True):
        lowest = min(lowest, ps[place] * len(ps) / rank)
        adjusted[place] = lowest
    return tuple(adjusted)


def expected_false(leads: Iterable[Comparison | None]) -> tuple[int, int]:
    """How many questions tests have answered, and how many of these answers are expected to be false at most.

    Every question that was tested counts with the p of the comparison that speaks for it, open ones too.
    """
    tested = [(one.verdict not in OPEN, p) for one in leads if one and (p := _p(one)) is not None]
    adjusted = benjamini_hochberg([p for _, p in tested])
    called = [q for (answered, _), q in zip(tested, adjusted, strict=True) if answered]
    return len(called), min(len(called), math.ceil(len(called) * max(called, default=0.0)))


def _p(one: Comparison) -> float | None:
    """The p that the verdict rests on: of "but small" the larger of both."""
    if one.p is None or one.verdict not in WITHIN or one.p_same is None:
        return one.p
    return one.p_same if one.verdict in ("same", "flat") else max(one.p, one.p_same)
