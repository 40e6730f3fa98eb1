"""Simulations of what the findings promise: how often intervals hold and verdicts are wrong.

python -m benchmarks.statistics [DRAWS]      20,000 draws by default, about a minute
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks.bar import SEED, Bar, told
from tracker.questions.question import Metric, Question
from tracker.statistics.comparisons import compare
from tracker.statistics.effects import Sample, welch
from tracker.statistics.estimates import Estimate, interval
from tracker.statistics.moments import mean, pooled, sd, skewed
from tracker.statistics.permutation import MANY, with_permutations
from tracker.statistics.seeds import power, seeds_needed

DIRECTED = ("better", "worse", "rising", "falling", "peak", "valley")
Draw = Callable[[random.Random], float]


def normal(centre: float = 0.0) -> Draw:
    """Draws of spread 1."""
    return lambda rng: rng.gauss(centre, 1)


def lognormal(rng: random.Random) -> float:
    """Skewed draws, their mean at 0."""
    return rng.lognormvariate(0, 0.8) - math.exp(0.32)


def simulate(draws: int) -> Iterator[Bar]:
    """Every bar, one after the other."""
    yield from coverage(draws)
    yield from false_verdicts(draws)
    yield from found(draws)
    yield from forecasts(draws)
    yield from checks(draws)


def coverage(draws: int) -> Iterator[Bar]:
    """How often printed 95 % intervals hold the truth."""
    for n in (3, 5, 10):
        yield _share(f"interval of a mean, n={n}, normal", draws, _held(n, normal()), low=0.945)
    for n in (3, 5, 10):
        yield _share(f"interval of a difference, n={n}, normal", draws, _difference_held(n), low=0.945)
    for n in (3, 5, 10):
        yield _share(f"interval of a mean, n={n}, lognormal 0.8", draws, _held(n, lognormal), low=0.86)
    for n in (5, 10):
        flagged = _share(
            f"4 values, n={n}, lognormal 0.8: flagged as skewed", draws, _flagged(n, lognormal), low=0.4
        )
        yield flagged
        yield _share(f"4 values, n={n}, normal: flagged as skewed", draws, _flagged(n, normal()), high=0.06)


def false_verdicts(draws: int) -> Iterator[Bar]:
    """How often a question without any effect gets a verdict that claims one."""
    eight = tuple("abcdefgh")
    five = {"values": (1, 2, 3, 4, 5), "scale": "ordered"}
    for name, fields in (
        ("8 values and a baseline, n=5", {"values": ("base", *eight), "baseline": "base"}),
        ("8 values in pairs, n=5", {"values": ("base", *eight), "baseline": "base", "pair_by": "seed"}),
        ("5 values in order, n=5", {**five, "baseline": None}),
        ("5 values in order and a baseline, n=5", {**five, "baseline": 1}),
    ):
        yield _share(f"false verdict: {name}", draws, _claims(_question(**fields), 5), high=0.05)
    looked = _question(seeds=tuple(range(10)), looks=(3, 5, 10))
    yield _share("false verdict: looks at 3, 5 and 10 seeds", draws, _claims_at_any_look(looked), high=0.05)
    twice = _question(seeds=tuple(range(11)), looks=(5, 11), alpha=0.1)  # 0.05 at each: nobody planned them
    added = "false verdict, told as exploratory: 6 seeds added where 5 leave it open"
    yield _share(added, draws, _claims_at_any_look(twice), high=0.09)
    same = _question(metric=Metric("test.accuracy", sesoi=1.0))
    yield _share("false `same`: the difference is just sesoi, n=10", draws, _called_same(same, 10), high=0.05)


def found(draws: int) -> Iterator[Bar]:
    """How often an effect that is there is found."""
    yield _share(
        "power: a difference of 2 sd, n=5", draws, _finds(_question(), 5, (0, 2), "better"), low=0.75
    )
    steps = tuple(place / 2 for place in range(5))
    ordered = _question(values=(1, 2, 3, 4, 5), scale="ordered", baseline=None)
    yield _share(
        "power: 5 values rise by 2 sd in all, n=3", draws, _finds(ordered, 3, steps, "rising"), low=0.65
    )
    arch = (0, 1.5, 2, 1.5, 0)
    yield _share(
        "power: 5 values with a peak of 2 sd, n=5", draws, _finds(ordered, 5, arch, "peak"), low=0.75
    )


def forecasts(draws: int) -> Iterator[Bar]:
    """Whether the forecast number of seeds has the power that it promises."""
    for distance in (0.75, 1.0, 1.5):
        n = seeds_needed(distance, 1.0, 10**9, 0.05)
        assert n is not None
        high = 0.82 if distance <= 1 else 0.87  # whole seeds: the ninth is more than enough
        finds = _finds(_question(), n, (0, distance), "better")
        name = f"forecast: {n} seeds find {distance:g} sd, the spread is known"
        yield _share(name, draws // 2, finds, low=0.78, high=high)
    share = _share("forecast from 3 seeds of 5 values: enough for 80 %", draws, _enough, low=0.78, high=0.88)
    yield share


def checks(draws: int) -> Iterator[Bar]:
    """How often the check by permutation speaks against a test; it is slow, so there are fewer draws."""
    fewer = max(draws // 20, 20)
    many = tuple(range(MANY))
    nothing, pairs = _question(seeds=many), _question(seeds=many, pair_by="seed")
    line = _question(values=(1, 2, 3), scale="ordered", baseline=None, seeds=many)
    for name, question in (("a difference", nothing), ("pairs", pairs), ("a trend of 3 values", line)):
        told = f"permutation speaks against {name}, n={MANY}, normal"
        yield _share(told, fewer, _spoken_against(question), high=0.01)


# ---------------------------------------------------------------------------------------------------
# One draw each


def _held(n: int, draw: Draw) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        low, high = interval([draw(rng) for _ in range(n)], 0.05)
        return low <= 0 <= high

    return trial


def _difference_held(n: int) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        one, other = ([rng.gauss(0, 1) for _ in range(n)] for _ in range(2))
        low, high = welch(Sample.of(one), Sample.of(other)).interval(0.05)
        return low <= 0 <= high

    return trial


def _flagged(n: int, draw: Draw) -> Callable[[random.Random], bool]:
    return lambda rng: skewed([[draw(rng) for _ in range(n)] for _ in range(4)])


def _claims(question: Question, n: int) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        samples = [_estimate(value, [rng.gauss(0, 1) for _ in range(n)]) for value in question.values]
        return any(one.verdict in DIRECTED for one in compare(question, samples))

    return trial


def _claims_at_any_look(question: Question) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        drawn = [[rng.gauss(0, 1) for _ in question.seeds] for _ in question.values]
        looks = (
            compare(question, [_estimate(v, s[:n]) for v, s in zip(question.values, drawn, strict=True)])
            for n in question.looks
        )
        return any(one.verdict in DIRECTED for look in looks for one in look)

    return trial


def _called_same(question: Question, n: int) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        sesoi = question.metric.sesoi or 0.0
        samples = [
            _estimate(value, [rng.gauss(place * sesoi, 1) for _ in range(n)])
            for place, value in enumerate(question.values)
        ]
        return compare(question, samples)[0].verdict == "same"

    return trial


def _finds(
    question: Question, n: int, centres: Sequence[float], verdict: str
) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        samples = [
            _estimate(value, [rng.gauss(centre, 1) for _ in range(n)])
            for value, centre in zip(question.values, centres, strict=True)
        ]
        return compare(question, samples)[0].verdict == verdict

    return trial


def _spoken_against(question: Question) -> Callable[[random.Random], bool]:
    def trial(rng: random.Random) -> bool:
        drawn = [_estimate(value, [rng.gauss(0, 1) for _ in question.seeds]) for value in question.values]
        found = with_permutations(question, compare(question, drawn), drawn)
        return any(one.by_permutation for one in found)

    return trial


def _enough(rng: random.Random) -> bool:
    """Whether the seeds that a pilot asks for find a difference of 1 sd in 4 of 5 cases."""
    spread, freedom = pooled([[rng.gauss(0, 1) for _ in range(3)] for _ in range(5)])
    n = seeds_needed(1.0, spread, freedom, 0.05)
    return n is not None and power(1.0, 1.0, n, 0.05) >= 0.8


def _share(
    name: str, draws: int, trial: Callable[[random.Random], bool], low: float = 0.0, high: float = 1.0
) -> Bar:
    rng = random.Random(f"{SEED} {name}")
    return Bar(name, sum(trial(rng) for _ in range(draws)) / draws, draws, low, high)


def _question(**fields: Any) -> Question:
    given = {
        "node": "q", "id": "q", "line": 1, "level": 1, "metric": Metric("test.accuracy"), "parameter": "p",
        "values": ("a", "b"), "baseline": "a", "seeds": (1, 2, 3, 4, 5), "experiment": "e",
    }  # fmt: skip
    return Question(**{**given, **fields})


def _estimate(value: Any, numbers: Sequence[float]) -> Estimate:
    n = len(numbers)
    return Estimate(
        value, dict(enumerate(numbers)), mean(numbers), sd(numbers), None, None, n, 0, (), {}, tuple(range(n))
    )


if __name__ == "__main__":
    sys.exit(told(simulate, default=20_000))
