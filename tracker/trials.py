"""The runs that choose settings for each value of a question, on seeds of their own."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tracker.cells import Cell, combinations, fixed, matched, over_seeds
from tracker.configs import MISSING, key, look_up, same
from tracker.matching import Runs
from tracker.questions.question import Question, Tuned
from tracker.questions.ranges import Range
from tracker.run import Run

_LATEST = datetime.max.replace(tzinfo=UTC)


def trials(question: Question, known: Runs) -> tuple[Cell, ...]:
    """For each value its trials, as many for one as for another, each with every tuning seed.

    Of a list every combination is a trial. In a range the store tells what was tried: the settings inside it
    that runs with a tuning seed have, in the order in which they were first started, and no more of them than
    the question asks for; what is still to be tried is undecided.
    """
    return matched([cell for value in question.values for cell in _of_value(question, value, known)], known)[
        0
    ]


def candidates(question: Question, tried: Sequence[Cell]) -> list[Cell]:
    """For each value the runs that would report on its settings, for everything that was tried.

    A value without any gets undecided cells.
    """
    found: list[Cell] = []
    for value in question.values:
        own = {cell.trial: cell.nuisance for cell in tried if same(cell.value, value) and cell.decided}
        for nuisance in own.values() or [{}]:
            found += over_seeds(question, value, nuisance, question.seeds)
    return found


def _of_value(question: Question, value: Any, known: Runs) -> Iterator[Cell]:
    found = _tried(question, value, known) if question.trials else combinations(question)
    undecided: list[dict[str, Any]] = [{}] * (question.trials - len(found))
    for number, nuisance in enumerate([*found, *undecided], 1):
        yield from over_seeds(question, value, nuisance, question.tuning_seeds, number)


def _tried(question: Question, value: Any, known: Runs) -> list[dict[str, Any]]:
    """The settings that were tried for a value, in the order of their first start."""
    first: dict[Hashable, tuple[datetime, dict[str, Any]]] = {}
    for run in known.having({**fixed(question), **question.settings_of(value)}):
        nuisance = {name: look_up(run.config, name) for name in question.nuisance}
        if run.seed in question.tuning_seeds and _inside(question.nuisance, nuisance):
            start, settings = first.get(key(nuisance), (_LATEST, nuisance))
            first[key(nuisance)] = min(start, _start(run)), settings
    in_order = sorted(first.values(), key=lambda one: one[0])
    return [settings for _, settings in in_order[: question.trials]]


def _start(run: Run) -> datetime:
    return run.started or _LATEST


def _inside(nuisance: Mapping[str, Tuned], settings: Mapping[str, Any]) -> bool:
    """Whether each setting is one of those that may be tried."""
    return all(
        value is not MISSING
        and (tuned.holds(value) if isinstance(tuned := nuisance[name], Range) else _is_in(value, tuned))
        for name, value in settings.items()
    )


def _is_in(value: Any, values: Sequence[Any]) -> bool:
    return any(same(value, other) for other in values)
