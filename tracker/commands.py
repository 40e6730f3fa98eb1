"""The command line that starts the run of a cell."""

from __future__ import annotations

import ast
import re
import shlex
import sys
from functools import cache
from typing import Any

from tracker.questions.question import Question
from tracker.tree import Cell

PYTHONS = ("python", "python3")  # mean the Python that reads the questions
WITH = "with"  # before the settings, on Sacred's command line
_BARE = re.compile(r"[A-Za-z_][\w./+-]*")


def command(cell: Cell) -> tuple[str, ...]:
    """The words of the command, as Sacred's command line reads them."""
    settings = dict(cell.settings)
    launch = launch_words(cell.question, settings.pop("experiment", ""))
    updates = [f"{name}={written(value)}" for name, value in settings.items()]
    return (*launch, WITH, *updates, f"seed={cell.seed}")


def launch_words(question: Question, experiment: str) -> tuple[str, ...]:
    """The words that start this experiment, without a setting."""
    return tuple(word.format(experiment=experiment) for word in _split(question.launch))


@cache
def _split(launch: str) -> tuple[str, ...]:
    return tuple(shlex.split(launch))


def with_this_python(command: tuple[str, ...]) -> tuple[str, ...]:
    """The command with `python` meaning the Python that reads the questions."""
    return (sys.executable, *command[1:]) if command[0] in PYTHONS else command


def written(value: Any) -> str:
    """A value as Sacred reads it back: a Python literal, where text may go bare if it looks like none."""
    if isinstance(value, str) and _BARE.fullmatch(value) and not _is_literal(value):
        return value
    return repr(value)


def _is_literal(text: str) -> bool:
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True
