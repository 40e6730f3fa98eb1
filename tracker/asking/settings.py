"""Settings that a question names and its experiment does not have, found out by asking the experiment."""

from __future__ import annotations

import ast
import difflib
import os
import re
import shlex
import shutil
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from tracker.asking.programs import Answer, Command, ask
from tracker.cells import fixed
from tracker.commands import WITH, launch_words, with_this_python, written
from tracker.configs import MISSING
from tracker.questions.profiles import file_of
from tracker.questions.question import Question, Questions
from tracker.questions.ranges import Range

PATIENCE = 60.0  # seconds for an answer
HEAD = "Configuration ("  # what Sacred's print_config begins with
ADDED = "Added new config entry: "  # what it warns of where a function takes what no configuration has
CLOSEST = 3  # names that are offered for a misspelt one
ALIKE = 0.7  # how near they are to it, as difflib counts

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_ENTRY = re.compile(r"( +)([^\s=:]+)(?: = (.*)|:)")
_PYTHON = re.compile(r"python[\d.]*(\.exe)?")


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking."""

    unknown: Mapping[str, str] = field(default_factory=dict)  # a sentence with file and line -> the setting
    notes: tuple[str, ...] = ()  # what could not be made sure of
    defaults: Mapping[Command, Mapping[str, Any]] = field(default_factory=dict)  # by launch, where known


def ask_for_settings(questions: Questions, nodes: Iterable[str] = ()) -> Asked:
    """Every setting that these questions name, or all in the file, looked up in its experiment.

    An experiment is asked once, all side by side. What it does not show may be set nevertheless, so that
    a setting is unknown only where the experiment refuses the run as well.
    """
    chosen = set(nodes)
    wanted = [one for one in questions.walk() if one.values and (not chosen or one.node in chosen)]
    starts = [start for question in wanted for start in _starts(question)]
    launches = list(dict.fromkeys(start.launch for start in starts))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        told = dict(zip(launches, pool.map(_offered, launches), strict=True))
        doubted = _first_of_each(starts, told)
        found = list(pool.map(lambda doubt: _taken(doubt[1], doubt[0][1]), doubted.items()))
    notes = [
        f"the settings of `{shlex.join(launch)}` could not be looked at: {reason}"
        for launch, reason in told.items()
        if isinstance(reason, str)
    ]
    unknown: dict[str, str] = {}
    for ((_, name, _), start), taken in zip(doubted.items(), found, strict=True):
        sentence = f"{file_of(questions.path)}:{start.line(name)}: {shlex.join(start.launch)}"
        hint = _hint(start.launch, name, told[start.launch])
        if taken is Taken.NOT:
            unknown[f"{sentence} has no setting '{name}'; {hint}"] = name
        elif taken is Taken.UNSEEN:
            notes.append(f"{sentence} takes '{name}' and shows no such setting; {hint}")
        elif isinstance(taken, str):
            notes.append(
                f"{sentence} shows no setting '{name}', and does not say whether it takes it: {taken}"
            )
    defaults = {launch: known for launch, known in told.items() if not isinstance(known, str)}
    return Asked(unknown, tuple(dict.fromkeys(notes)), defaults)


class Taken(Enum):
    """What an experiment makes of a setting that it does not show."""

    NOT = "refused"
    UNSEEN = "not refused, as Sacred does with several configurations, though nothing may use it"
    USED = "used"


@dataclass(frozen=True, slots=True)
class _Start:
    """One value of a question as a command."""

    launch: Command
    settings: Mapping[str, Any]
    question: Question

    def line(self, name: str) -> int:
        return self.question.lines.get(name, self.question.line)


def _starts(question: Question) -> Iterator[_Start]:
    tuned = {name: one.low if isinstance(one, Range) else one[0] for name, one in question.nuisance.items()}
    for value in question.values:
        settings = {**fixed(question), **question.settings_of(value), **tuned}
        experiment = str(settings.pop("experiment", ""))
        yield _Start(launch_words(question, experiment), settings, question)


def _offered(launch: Command) -> Mapping[str, Any] | str:
    """The experiment's settings, or why they are not known."""
    program = with_this_python(launch)[0]
    if shutil.which(program) is None:
        return f"there is no program {program}"
    if not _PYTHON.fullmatch(Path(program).name):
        return "only programs of Python are asked"
    answer = ask(_question(launch, {}), os.environ, PATIENCE)
    if isinstance(answer, str):
        return answer
    if answer.code == 0 and HEAD in answer.out:
        return dict(_shown(answer.out))
    return answer.refusal or "print_config shows no configuration of Sacred's"


def _question(launch: Command, settings: Mapping[str, Any]) -> Command:
    place = launch.index(WITH) if WITH in launch else len(launch)
    updates = [f"{name}={written(value)}" for name, value in settings.items()]
    further = [WITH] * (bool(updates) and WITH not in launch)
    return with_this_python((*launch[:place], "print_config", *launch[place:], *further, *updates))


def _shown(answer: str) -> Iterator[tuple[str, Any]]:
    """The dotted names in what print_config shows, two blanks more for each level, with their values.

    A value is MISSING where it is no plain one, or goes on over several lines.
    """
    above: list[str] = []
    for line in _COLOUR.sub("", answer).splitlines():
        if entry := _ENTRY.match(line):
            level = len(entry[1]) // 2 - 1
            above = [*above[:level], entry[2]]
            yield ".".join(above), _value(entry[3] or "")


def _value(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return MISSING


def _first_of_each(
    starts: Iterable[_Start], told: Mapping[Command, Mapping[str, Any] | str]
) -> dict[tuple[Command, str, int], _Start]:
    """The first start of each launch that names a setting on a line which the experiment does not show."""
    found: dict[tuple[Command, str, int], _Start] = {}
    for start in starts:
        known = told[start.launch]
        for name in start.settings if not isinstance(known, str) else ():
            if name not in known:
                found.setdefault((start.launch, name, start.line(name)), start)
    return found


def _taken(start: _Start, name: str) -> Taken | str:
    """What the experiment makes of the setting, or why it does not say."""
    answer = ask(_question(start.launch, start.settings), os.environ, PATIENCE)
    if isinstance(answer, str):
        return answer
    if answer.refusal:
        return Taken.NOT
    if f'{ADDED}"{name}"' in answer.error:
        return Taken.USED
    others = {other: value for other, value in start.settings.items() if other != name}
    without = ask(_question(start.launch, others), os.environ, PATIENCE)
    seen = isinstance(without, Answer) and name in dict(_shown(without.out))
    return Taken.USED if seen else Taken.UNSEEN


def _hint(launch: Command, name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=CLOSEST, cutoff=ALIKE)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"`{shlex.join(launch)} print_config` shows all"
