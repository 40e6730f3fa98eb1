"""Whether a verdict would stand without one of its seeds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracker.statistics.effects import Effect, Sample, paired, slopes_without_each, welch
from tracker.statistics.estimates import Estimate

FEWEST = 4  # seeds from which one may be left out, so that three remain for a verdict

_Seed = tuple[Any, int]  # a value and a seed of it


def seeds_that_decide(
    test: str, places: Sequence[float], samples: Sequence[Estimate], effect: Effect, alpha: float
) -> tuple[_Seed, ...]:
    """The seeds without which a test that found its effect at `alpha` would not have found it.

    Asked of a difference or a slope; a bend has none.
    """
    if test == "bend t" or effect.p >= alpha:
        return ()
    without = {"slope t": _slopes, "paired t": _pairs, "Welch t": _differences}[test]
    return tuple(
        seed
        for seed, other in without(places, samples)
        if other.delta * effect.delta <= 0 or (other.error > 0 and other.p >= alpha)
    )


def _differences(_places: Sequence[float], samples: Sequence[Estimate]) -> Iterator[tuple[_Seed, Effect]]:
    one, base = samples
    left, right = (Sample.of(list(each.skills.values())) for each in samples)
    for seed, skill in one.skills.items() if one.n >= FEWEST else ():
        yield (one.value, seed), welch(left.without(skill), right)
    for seed, skill in base.skills.items() if base.n >= FEWEST else ():
        yield (base.value, seed), welch(left, right.without(skill))


def _pairs(_places: Sequence[float], samples: Sequence[Estimate]) -> Iterator[tuple[_Seed, Effect]]:
    one, base = samples
    shared = [seed for seed in one.skills if seed in base.skills]
    for left_out in shared if len(shared) >= FEWEST else ():
        rest = [seed for seed in shared if seed != left_out]
        yield (
            (one.value, left_out),
            paired([one.skills[seed] for seed in rest], [base.skills[seed] for seed in rest]),
        )


def _slopes(places: Sequence[float], samples: Sequence[Estimate]) -> Iterator[tuple[_Seed, Effect]]:
    seeds = [(one.value, seed) for one in samples for seed in one.skills]
    along = [place for place, one in zip(places, samples, strict=True) for _ in one.skills]
    numbers = [number for one in samples for number in one.skills.values()]
    effects = slopes_without_each(along, numbers)
    yield from zip(seeds, effects, strict=True)
