"""Settings that a question leaves open, though runs of another question that may answer it set them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import yaml

from tracker.asking.programs import Command
from tracker.cells import cells, named
from tracker.commands import launch_words
from tracker.configs import MISSING, key, same
from tracker.matching import is_named
from tracker.questions.profiles import file_of
from tracker.questions.question import Question, Questions

Defaults = Mapping[Command, Mapping[str, Any]]  # what experiments have in their settings, by launch
NAMED = 2  # questions that are told, of those whose runs may answer another

Items = frozenset[tuple[str, Hashable]]


def left_open(questions: Questions, defaults: Defaults) -> Iterator[str]:
    """A sentence, with file, line and remedy, for each question that runs of others may answer so.

    A run may answer a question where it has all settings of a cell, whatever it has beside them. Told is
    what is not the experiment's default; where that is not known, what takes several values.
    """
    asked = [_Asked.of(one, defaults) for one in questions.walk() if one.values and not one.parked]
    for own in asked:
        others = [other for other in asked if other is not own and own.seeds & other.seeds]
        found = [(other.question, theirs) for other in others if (theirs := _set_by(other, own))]
        if found:
            names = sorted({name for _, several in found for name in several})
            sentence = _told(own, [other for other, _ in found], names)
            yield f"{file_of(questions.path)}:{own.question.line}: {sentence}"


@dataclass(frozen=True, slots=True)
class _Run:
    """What the runs of some seeds have in common; a setting that is sampled has its range."""

    settings: Mapping[str, Any]
    defaults: Mapping[str, Any]  # what it has where they say nothing, as far as it is known
    declared: Items
    has: Items


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with its runs."""

    question: Question
    seeds: frozenset[int]
    runs: Sequence[_Run]

    @classmethod
    def of(cls, question: Question, defaults: Defaults) -> _Asked:
        """All that the question asks for."""
        found: dict[Items, _Run] = {}
        for cell in cells(replace(question, seeds=question.seeds[:1])):
            settings = {**question.nuisance, **cell.settings}
            usual = defaults.get(launch_words(question, str(settings.get("experiment", ""))), {})
            declared = _items(settings)
            found.setdefault(declared, _Run(settings, usual, declared, _items({**usual, **settings})))
        return cls(question, frozenset((*question.seeds, *question.tuning_seeds)), tuple(found.values()))

    def default(self, name: str) -> Any:
        """What its runs have where nobody sets it; MISSING where that is not known, or not one."""
        found = [run.defaults.get(name, MISSING) for run in self.runs]
        return found[0] if all(same(value, found[0]) for value in found) else MISSING


def _set_by(other: _Asked, own: _Asked) -> set[str]:
    """What a question leaves open, and another's runs that may answer it set otherwise."""
    found: dict[str, set[Hashable]] = defaultdict(set)
    for run in other.runs:
        for mine in own.runs:
            if mine.declared <= run.has:
                known = named(own.question)
                for name in run.settings.keys() - mine.settings.keys():
                    if not is_named(name, known):
                        found[name].add(key(run.settings[name]))
    defaults = {name: own.default(name) for name in found}
    return {
        name
        for name, values in found.items()
        if (len(values) > 1 if defaults[name] is MISSING else values - {key(defaults[name])})
    }


def _told(own: _Asked, others: Sequence[Question], names: Sequence[str]) -> str:
    by = [f"{other.node} (line {other.line})" for other in others]
    shown = by[:NAMED] + [f"{len(by) - NAMED} more"] * (len(by) > NAMED)
    meant = ", ".join(_written(name, own.default(name)) for name in names)
    return (
        f"{own.question.node} may be answered by runs of {' and '.join(shown)} that set otherwise what it "
        f"leaves open; say in its `setup` what is meant: {{{meant}}}"
    )


def _written(name: str, value: Any) -> str:
    """A setting as in a question file."""
    if value is MISSING:
        return f"{name}: ..."
    return yaml.safe_dump({name: value}, default_flow_style=True, width=math.inf).strip()[1:-1]


def _items(settings: Mapping[str, Any]) -> Items:
    return frozenset((name, key(value)) for name, value in settings.items())
