"""Which runs answer which question."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tracker.configs import key
from tracker.matching import Runs, distinct, unnamed
from tracker.questions.question import Question, Questions
from tracker.run import Run
from tracker.surroundings import States, differing, parted, told

_NEVER = datetime.min.replace(tzinfo=UTC)
_ALIVE_FIRST = ("running", "queued")


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

    def state(self, now: datetime) -> str:
        """planned without runs, else the state of the run that answers, is alive, or came last."""
        if self.answer:
            return self.answer.state(now)
        states = [run.state(now) for run in self.runs]
        return next((alive for alive in _ALIVE_FIRST if alive in states), states[-1] if states else "planned")


@dataclass(frozen=True, slots=True)
class Node:
    """A question with its cells, or a group without."""

    question: Question
    cells: tuple[Cell, ...] = ()
    children: tuple[Node, ...] = field(default=())
    undeclared: tuple[Run, ...] = ()  # runs of these values with seeds that the question does not ask for

    @property
    def confounds(self) -> dict[str, tuple[Any, ...]]:
        """The settings, beside what the question varies, in which the answering runs differ: name -> values.

        A setting that only some of the runs have is no difference: experiments differ in what they can set.
        Code, torch, threads and precision count where two values have none in common.
        """
        found: dict[str, dict[Hashable, Any]] = defaultdict(dict)
        answers = [cell.answer for cell in self.cells if cell.answer]
        for own in distinct(settings for _, settings in unnamed(_named(self.question), answers)):
            for name, value in own.items():
                found[name].setdefault(key(value), value)
        settings = {name: tuple(values.values()) for name, values in found.items() if len(values) > 1}
        apart = {name: told(states) for name, states in self._surroundings().items() if parted(states)}
        return {**apart, **settings}

    @property
    def mixed(self) -> dict[str, tuple[Any, ...]]:
        """The code, torch and the like in which the answering runs differ, but not with the values."""
        return {name: told(states) for name, states in self._surroundings().items() if not parted(states)}

    def _surroundings(self) -> States:
        answers = ((cell.value, cell.answer) for cell in self.cells if cell.answer)
        return differing(answers, _named(self.question))


def build_tree(questions: Questions, runs: Iterable[Run]) -> tuple[Node, ...]:
    """The tree of questions with the runs that belong to each; one run may belong to several."""
    known = Runs(list(runs))
    return tuple(_node(question, known) for question in questions.roots)


def cells(question: Question) -> Iterator[Cell]:
    """The runs that a question asks for, still without the runs there are: value, nuisance, seed."""
    fixed = {"experiment": question.experiment} if question.experiment else {}
    for value in question.values:
        for combination in itertools.product(*question.nuisance.values()):
            nuisance = dict(zip(question.nuisance, combination, strict=True))
            settings = {**fixed, **question.setup, **question.settings_of(value), **nuisance}
            for seed in question.seeds:
                yield Cell(question, value, nuisance, seed, settings, ())


def _node(question: Question, known: Runs) -> Node:
    asked = list(cells(question))
    matching, undeclared = _matching(question, asked, known)
    children = tuple(_node(child, known) for child in question.children)
    return Node(question, _answered(question, asked, matching), children, undeclared)


def _matching(
    question: Question, asked: Sequence[Cell], known: Runs
) -> tuple[list[tuple[Run, ...]], tuple[Run, ...]]:
    """For each cell its runs; and the runs that would count but for their seed."""
    matching: list[tuple[Run, ...]] = []
    undeclared: dict[int | str, Run] = {}
    for start in range(0, len(asked), len(question.seeds) or 1):  # the seed varies fastest
        found = known.having(asked[start].settings)
        by_seed: dict[int | None, list[Run]] = defaultdict(list)
        for run in found:
            by_seed[run.seed].append(run)
        matching.extend(tuple(by_seed.get(seed, ())) for seed in question.seeds)
        undeclared |= {run.id: run for run in found if run.seed not in question.seeds}
    return matching, tuple(undeclared.values())


def _answered(
    question: Question, asked: Sequence[Cell], matching: Sequence[tuple[Run, ...]]
) -> tuple[Cell, ...]:
    """The cells with their runs and the run that answers each.

    Of several completed runs, those are preferred that agree with the most other cells in the settings that
    the question does not name; of these, and where nothing agrees, the last one counts.
    """
    completed = [[run for run in runs if run.status == "COMPLETED"] for runs in matching]
    if any(len(runs) > 1 for runs in completed):
        rank = _rank(question, completed)
        # reversed, because max keeps the first of equals and the last by id is meant
        answers = [max(reversed(runs), key=rank, default=None) for runs in completed]
    else:
        answers = [runs[0] if runs else None for runs in completed]
    return tuple(
        Cell(cell.question, cell.value, cell.nuisance, cell.seed, cell.settings, runs, answer)
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
    own = {run.id: settings for run, settings in unnamed(_named(question), runs)}
    shared = sorted(set.intersection(*(set(settings) for settings in own.values()))) if own else []
    return {id: tuple([key(settings[name]) for name in shared]) for id, settings in own.items()}


def _named(question: Question) -> tuple[str, ...]:
    return (*question.varied, *question.ignore)
