"""The runs that a question asks for, each with the runs there are of it."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tracker.configs import key
from tracker.matching import Runs, unnamed
from tracker.questions.question import Question
from tracker.questions.tuning import listed
from tracker.run import Run

_NEVER = datetime.min.replace(tzinfo=UTC)
_ALIVE_FIRST = ("running", "stalled", "queued")


@dataclass(frozen=True, slots=True)
class Cell:
    """One run that a question asks for, with the runs there are of it."""

    question: Question
    value: Any
    nuisance: Mapping[str, Any]
    seed: int
    settings: Mapping[str, Any]  # setup, experiment, parameter and nuisance; without the seed
    runs: tuple[Run, ...]  # by id, reruns and failed ones too
    answer: Run | None = None  # the completed run that counts, diverged or not
    trial: int = 0  # of a run that only chooses settings, the number of its trial; else 0

    @property
    def decided(self) -> bool:
        """Whether its settings are known; those that are tuned may still have to be chosen."""
        return len(self.nuisance) == len(self.question.nuisance)

    def state(self, now: datetime) -> str:
        """planned without runs, else the state of the run that answers, is alive, or came last."""
        if self.answer:
            return self.answer.state(now)
        states = [run.state(now) for run in self.runs]
        return next((alive for alive in _ALIVE_FIRST if alive in states), states[-1] if states else "planned")


def cells(question: Question) -> Iterator[Cell]:
    """The runs that a question asks for, still without the runs there are: value, nuisance, seed.

    Where the settings to try are not known beforehand, because they come from a range, there is one
    undecided cell for each value and seed.
    """
    for value in question.values:
        for nuisance in combinations(question):
            yield from over_seeds(question, value, nuisance, question.seeds)


def combinations(question: Question) -> list[dict[str, Any]]:
    """Every combination of the nuisance settings; a single empty one where they are sampled."""
    if question.trials:
        return [{}]
    every = itertools.product(*(listed(tuned) for tuned in question.nuisance.values()))
    return [dict(zip(question.nuisance, one, strict=True)) for one in every]


def over_seeds(
    question: Question, value: Any, nuisance: Mapping[str, Any], seeds: Iterable[int], trial: int = 0
) -> Iterator[Cell]:
    """The runs of one combination."""
    settings = {**fixed(question), **question.settings_of(value), **nuisance}
    for seed in seeds:
        yield Cell(question, value, nuisance, seed, settings, (), trial=trial)


def fixed(question: Question) -> dict[str, Any]:
    """The settings that all runs of a question share."""
    experiment = {"experiment": question.experiment} if question.experiment else {}
    return {**experiment, **question.setup}


def common(question: Question) -> dict[str, Any]:
    """The settings without which a run is none of a question's, whatever its value."""
    return {name: value for name, value in fixed(question).items() if name not in question.varied}


def matched(asked: Sequence[Cell], known: Runs) -> tuple[tuple[Cell, ...], tuple[Run, ...]]:
    """The cells with their runs and the run that answers each; and the runs that fit but for their seed.

    Cells with the same settings must stand together.
    """
    matching: list[tuple[Run, ...]] = []
    unasked: dict[int | str, Run] = {}
    for _, group in itertools.groupby(asked, lambda cell: (id(cell.settings), cell.decided)):
        own = list(group)
        found = known.having(own[0].settings) if own[0].decided else []
        by_seed: dict[int | None, list[Run]] = defaultdict(list)
        for run in found:
            by_seed[run.seed].append(run)
        matching.extend(tuple(by_seed.get(cell.seed, ())) for cell in own)
        seeds = {cell.seed for cell in own}
        unasked |= {run.id: run for run in found if run.seed not in seeds}
    return answered(asked, matching), tuple(unasked.values())


def answered(asked: Sequence[Cell], matching: Sequence[tuple[Run, ...]]) -> tuple[Cell, ...]:
    """The cells with their runs and the run that answers each.

    Of several completed runs, those are preferred that agree with the most other cells in the settings that
    the question does not name; of these, and where nothing agrees, the last one counts.
    """
    completed = [[run for run in runs if run.status == "COMPLETED"] for runs in matching]
    if any(len(runs) > 1 for runs in completed):
        rank = _rank(asked[0].question, completed)
        # reversed, because max keeps the first of equals and the last by id is meant
        answers = [max(reversed(runs), key=rank, default=None) for runs in completed]
    else:
        answers = [runs[0] if runs else None for runs in completed]
    return tuple(
        Cell(cell.question, cell.value, cell.nuisance, cell.seed, cell.settings, runs, answer, cell.trial)
        for cell, runs, answer in zip(asked, matching, answers, strict=True)
    )


def _rank(question: Question, completed: Sequence[Sequence[Run]]) -> Callable[[Run], tuple[int, datetime]]:
    """How much a run agrees with other cells, and when it ended."""
    peers = _peers(question, list({run.id: run for runs in completed for run in runs}.values()))
    reach = Counter(group for runs in completed for group in {peers[run.id] for run in runs})
    return lambda run: (reach[peers[run.id]], run.stopped or run.started or _NEVER)


def _peers(question: Question, runs: Sequence[Run]) -> dict[int | str, Hashable]:
    """For each run what it shares with its peers: the settings that the question does not name.

    Only those count that every run has, because experiments differ in what they can set.
    """
    own = {run.id: settings for run, settings in unnamed(named(question), runs)}
    shared = sorted(set.intersection(*(set(settings) for settings in own.values()))) if own else []
    return {id: tuple([key(settings[name]) for name in shared]) for id, settings in own.items()}


def strangers(asked: Sequence[Cell]) -> set[int | str]:
    """The runs without an answer that agree with no run that answers, by id: another question's.

    They are compared in what the question does not name, as completed runs are; where nothing answers
    yet, none is another's.
    """
    answers = {cell.answer.id: cell.answer for cell in asked if cell.answer}
    ended = {run.id: run for cell in asked for run in cell.runs if run.status != "COMPLETED"}
    if not (answers and ended):
        return set()
    peers = _peers(asked[0].question, [*answers.values(), *ended.values()])
    own = {peers[id] for id in answers}
    return {id for id in ended if peers[id] not in own}


def named(question: Question) -> tuple[str, ...]:
    """The settings in which runs of a question may differ."""
    return (*question.varied, *question.ignore)
