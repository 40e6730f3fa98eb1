"""The command line that starts the run of a cell."""

from __future__ import annotations

import ast
import re
import shlex
from typing import Any

from tracker.tree import Cell

_BARE = re.compile(r"[A-Za-z_][\w./+-]*")


def command(cell: Cell) -> tuple[str, ...]:
    """The words of the command, as Sacred's command line reads them."""
    settings = dict(cell.settings)
    experiment = settings.pop("experiment", "")
    launch = [word.format(experiment=experiment) for word in shlex.split(cell.question.launch)]
    updates = [f"{name}={written(value)}" for name, value in settings.items()]
    return (*launch, "with", *updates, f"seed={cell.seed}")


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
