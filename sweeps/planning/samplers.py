"""Settings to try within ranges: spread out evenly, or learned from what was tried before."""

from __future__ import annotations

import hashlib
import random
import warnings
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tracker.configs import key
from tracker.questions import Question
from tracker.questions.ranges import Range

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

    from tracker.statistics.tuning import Trial

Settings = Mapping[str, Any]
MOST_DRAWS = 1000  # after as many without a new one there is none


def spread(question: Question, count: int) -> list[Settings]:
    """As many different settings, one at a random place in each of as many equal parts of every range.

    They depend on the ranges alone, so that every value tries the same ones, and so do two questions that
    tune the same.
    """
    dice = random.Random(seed_of(question.nuisance))
    parts = {name: dice.sample(range(count), count) for name in question.nuisance}
    found: dict[Any, Settings] = {}
    for draw in range(count + MOST_DRAWS):
        places = {
            name: (own[draw] + dice.random()) / count if draw < count else dice.random()
            for name, own in parts.items()
        }
        settings = {name: _at(tuned, places[name]) for name, tuned in question.nuisance.items()}
        found.setdefault(key(settings), settings)
        if len(found) == count:
            break
    return list(found.values())


def learned(question: Question, value: Any, earlier: Sequence[Trial], count: int) -> list[Settings]:
    """As many different settings that Optuna's sampler proposes after these trials of a value.

    The same trials give the same settings: the study is made anew each time. A trial without a number, such
    as one that diverged, counts as the worst of the others.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    known = {key(trial.nuisance) for trial in earlier}
    found: dict[Any, Settings] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed_of(question.nuisance, question.settings_of(value), len(earlier)),
            n_startup_trials=0,
            multivariate=True,
            constant_liar=True,  # what is proposed together shall not lie together
        )
        direction = optuna.study.StudyDirection[question.metric.goal.upper()]
        study = optuna.create_study(direction=direction, sampler=sampler)
        distributions = {name: _distribution(tuned) for name, tuned in question.nuisance.items()}
        for trial, score in zip(earlier, _scores(question, earlier), strict=True):
            told = {name: _told(question.nuisance[name], one) for name, one in trial.nuisance.items()}
            study.add_trial(optuna.create_trial(params=told, distributions=distributions, value=score))
        for _ in range(count + MOST_DRAWS):
            asked = study.ask(distributions)
            settings = {name: _untold(question.nuisance[name], one) for name, one in asked.params.items()}
            if key(settings) not in known:
                found.setdefault(key(settings), settings)
            if len(found) == count:
                break
    return list(found.values())


def is_installed(sampler: str) -> bool:
    """Whether the package of a sampler can be loaded here."""
    return sampler != "optuna" or find_spec("optuna") is not None


def seed_of(*what: Any) -> int:
    """A number for dice, which depends on nothing but these values, in whatever order settings stand."""
    told = [sorted(one.items()) if isinstance(one, Mapping) else one for one in what]
    return int.from_bytes(hashlib.sha256(repr(told).encode()).digest()[:4], "big")


def _at(tuned: Sequence[Any] | Range, place: float) -> Any:
    return tuned.at(place) if isinstance(tuned, Range) else tuned[int(place * len(tuned))]


def _scores(question: Question, trials: Sequence[Trial]) -> list[float]:
    known = [trial.score for trial in trials if trial.score is not None]
    worst = (min if question.metric.goal == "maximize" else max)(known, default=0.0)
    return [worst if trial.score is None else trial.score for trial in trials]


def _distribution(tuned: Sequence[Any] | Range) -> BaseDistribution:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if not isinstance(tuned, Range):
        return CategoricalDistribution(range(len(tuned)))  # by place, because a value may be a list
    log = tuned.scale == "log"
    if tuned.whole:
        return IntDistribution(int(tuned.low), int(tuned.high), log=log)
    return FloatDistribution(tuned.low, tuned.high, log=log)


def _told(tuned: Sequence[Any] | Range, value: Any) -> Any:
    """A setting as Optuna knows it."""
    if isinstance(tuned, Range):
        return int(value) if tuned.whole else float(value)
    return next(place for place, other in enumerate(tuned) if key(other) == key(value))


def _untold(tuned: Sequence[Any] | Range, value: Any) -> Any:
    return tuned.rounded(value) if isinstance(tuned, Range) else tuned[value]
