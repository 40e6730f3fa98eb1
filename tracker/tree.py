"""Which runs answer which question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tracker.cells import Cell, cells, common, matched, named
from tracker.configs import key
from tracker.matching import Runs, distinct, unnamed
from tracker.questions.question import Question, Questions
from tracker.run import Run
from tracker.surroundings import States, differing, parted, told
from tracker.trials import candidates, trials

__all__ = ["Cell", "LastingTree", "Node", "build_tree", "cells"]


@dataclass(frozen=True)
class Node:
    """A question with its cells, or a group without."""

    question: Question
    cells: tuple[Cell, ...] = ()
    children: tuple[Node, ...] = field(default=())
    undeclared: tuple[Run, ...] = ()  # runs of these values with seeds that the question does not ask for
    trials: tuple[Cell, ...] = ()  # the runs that choose settings for each value, where others report

    @property
    def asked(self) -> tuple[Cell, ...]:
        """Every run that the question asks for: those that choose settings, then those that report."""
        return (*self.trials, *self.cells) if self.trials else self.cells

    @property
    def confounds(self) -> dict[str, tuple[Any, ...]]:
        """The settings, beside what the question varies, in which the answering runs differ: name -> values.

        A setting that only some of the runs have is no difference: experiments differ in what they can set.
        Code, torch, threads and precision count where two values have none in common.
        """
        found: dict[str, dict[Hashable, Any]] = defaultdict(dict)
        answers = [cell.answer for cell in self.asked if cell.answer]
        for own in distinct(settings for _, settings in unnamed(named(self.question), answers)):
            for name, value in own.items():
                found[name].setdefault(key(value), value)
        settings = {name: tuple(values.values()) for name, values in found.items() if len(values) > 1}
        apart = {name: told(states) for name, states in self._surroundings.items() if parted(states)}
        return {**apart, **settings}

    @property
    def mixed(self) -> dict[str, tuple[Any, ...]]:
        """The code, torch and the like in which the answering runs differ, but not with the values."""
        return {name: told(states) for name, states in self._surroundings.items() if not parted(states)}

    @cached_property
    def _surroundings(self) -> States:
        answers = ((cell.value, cell.answer) for cell in self.cells if cell.answer)
        return differing(answers, named(self.question))


def build_tree(questions: Questions, runs: Iterable[Run]) -> tuple[Node, ...]:
    """The tree of questions with the runs that belong to each; one run may belong to several."""
    return LastingTree().grown(questions, runs)


class LastingTree:
    """The tree again and again: a question keeps its node while no run that may be its own is another.

    Runs are the same when they are the same objects.
    """

    def __init__(self) -> None:
        self._runs: Sequence[Run] = ()
        self._nodes: dict[str, Node] = {}

    def grown(self, questions: Questions, runs: Iterable[Run]) -> tuple[Node, ...]:
        """The tree with these runs."""
        before, self._runs = self._runs, list(runs)
        others = Runs([*_without(before, self._runs), *_without(self._runs, before)])
        kept, self._nodes = self._nodes, {}
        known = Runs(self._runs)

        def node(question: Question) -> Node:
            children = tuple(map(node, question.children))
            last = kept.get(question.node)
            if last is None or last.question is not question or others.having(common(question)):
                last = _node(question, known, children)
            elif list(map(id, last.children)) != list(map(id, children)):
                last = replace(last, children=children)
            self._nodes[question.node] = last
            return last

        return tuple(map(node, questions.roots))


def _without(runs: Iterable[Run], others: Iterable[Run]) -> list[Run]:
    known = set(map(id, others))
    return [run for run in runs if id(run) not in known]


def _node(question: Question, known: Runs, children: tuple[Node, ...]) -> Node:
    if not question.tuning_seeds:
        found, undeclared = matched(list(cells(question)), known)
        return Node(question, found, children, undeclared)
    tried = trials(question, known)
    found, unasked = matched(candidates(question, tried), known)
    undeclared = tuple(run for run in unasked if run.seed not in question.tuning_seeds)
    return Node(question, found, children, undeclared, tried)
