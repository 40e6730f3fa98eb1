"""Which runs answer which question."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tracker.configs import MISSING, flat, key, look_up
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
        for _, own in _unnamed(self.question, (cell.answer for cell in self.cells if cell.answer)):
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
        return differing(answers, (*self.question.varied, *self.question.ignore))


def build_tree(questions: Questions, runs: Iterable[Run]) -> tuple[Node, ...]:
    """The tree of questions with the runs that belong to each; one run may belong to several."""
    index = _Index(list(runs))
    return tuple(_node(question, index) for question in questions.roots)


def cells(question: Question) -> Iterator[Cell]:
    """The runs that a question asks for, still without the runs there are: value, nuisance, seed."""
    fixed = {"experiment": question.experiment} if question.experiment else {}
    for value in question.values:
        for combination in itertools.product(*question.nuisance.values()):
            nuisance = dict(zip(question.nuisance, combination, strict=True))
            settings = {**fixed, **question.setup, **question.settings_of(value), **nuisance}
            for seed in question.seeds:
                yield Cell(question, value, nuisance, seed, settings, ())


def _node(question: Question, index: _Index) -> Node:
    filled = _answered(question, _filled(question, index))
    children = tuple(_node(child, index) for child in question.children)
    return Node(question, filled, children, _undeclared(question, filled, index))


def _filled(question: Question, index: _Index) -> list[Cell]:
    """The cells with the runs that match; what all of them fix is looked up once."""
    asked = list(cells(question))
    varied = question.varied
    fixed = {
        name: value for name, value in (asked[0].settings if asked else {}).items() if name not in varied
    }
    among = index.having(fixed)
    filled = []
    for cell in asked:
        own = index.having({name: cell.settings[name] for name in varied})
        filled.append(replace(cell, runs=index.runs(among & own & index.seeded(cell.seed))))
    return filled


def _answered(question: Question, filled: Sequence[Cell]) -> tuple[Cell, ...]:
    """The cells with the run that answers each.

    Of several completed runs, those are preferred that agree with the most other cells in the settings that
    the question does not name; of these, and where nothing agrees, the last one counts.
    """
    completed = {run.id: run for cell in filled for run in cell.runs if run.status == "COMPLETED"}
    peers = _peers(question, list(completed.values()))
    reach = Counter(group for cell in filled for group in {peers[run.id] for run in _completed(cell)})

    def rank(run: Run) -> tuple[int, datetime]:
        return reach[peers[run.id]], run.stopped or run.started or _NEVER

    # reversed, because max keeps the first of equals and the last by id is meant
    answers = [max(reversed(_completed(cell)), key=rank, default=None) for cell in filled]
    return tuple(replace(cell, answer=answer) for cell, answer in zip(filled, answers, strict=True))


def _completed(cell: Cell) -> list[Run]:
    return [run for run in cell.runs if run.status == "COMPLETED"]


def _peers(question: Question, runs: Sequence[Run]) -> dict[int | str, Hashable]:
    """For each run what it shares with its peers: the settings that the question does not name.

    Only those count that every run has, because experiments differ in what they can set.
    """
    unnamed = {run.id: settings for run, settings in _unnamed(question, runs)}
    shared = sorted(set.intersection(*(set(settings) for settings in unnamed.values()))) if unnamed else []
    return {id: tuple([key(settings[name]) for name in shared]) for id, settings in unnamed.items()}


def _unnamed(question: Question, runs: Iterable[Run]) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Each run with its settings beside those that its question varies or ignores."""
    varied = {"seed", *question.varied, *question.ignore}
    known: dict[str, bool] = {}
    for run in runs:
        settings = {**flat(run.config), "experiment": run.experiment}
        for name in settings:
            if name not in known:
                known[name] = not any(name == other or name.startswith(f"{other}.") for other in varied)
        yield run, {name: value for name, value in settings.items() if known[name]}


def _undeclared(question: Question, filled: Sequence[Cell], index: _Index) -> tuple[Run, ...]:
    """The runs that would count but for their seed."""
    settings = [cell.settings for cell in filled[:: len(question.seeds) or 1]]  # the seed varies fastest
    found = {run.id: run for one in settings for run in index.runs(index.having(one))}
    return tuple(run for run in found.values() if run.seed not in question.seeds)


def _setting(run: Run, name: str) -> Any:
    return run.experiment if name == "experiment" else look_up(run.config, name)


class _Index:
    """Runs by setting: for each value a whole number whose bit i says that run i has it.

    Joining two sets of 10,000 runs is then one `&` of two numbers, about 0.2 µs.
    """

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._all = (1 << len(runs)) - 1
        self._by_seed = _bits(run.seed for run in runs)
        self._by_setting: dict[str, dict[Hashable, int]] = {}

    def having(self, settings: Mapping[str, Any]) -> int:
        """The runs with these settings."""
        bits = self._all
        for name, value in settings.items():
            bits &= self._having(name).get(key(value), 0)
        return bits

    def seeded(self, seed: int) -> int:
        """The runs of one seed."""
        return self._by_seed.get(seed, 0)

    def runs(self, bits: int) -> tuple[Run, ...]:
        """The runs that the bits stand for, in the order they came."""
        return tuple(self._runs[place] for place in _places(bits))

    def _having(self, name: str) -> dict[Hashable, int]:
        if name not in self._by_setting:
            self._by_setting[name] = _bits(key(_setting(run, name)) for run in self._runs)
            self._by_setting[name].pop(key(MISSING), None)
        return self._by_setting[name]


def _bits(keys: Iterable[Hashable]) -> dict[Hashable, int]:
    bits: dict[Hashable, int] = defaultdict(int)
    for place, one in enumerate(keys):
        bits[one] |= 1 << place
    return dict(bits)


def _places(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
