"""Whole configurations, with all defaults, as experiments of Sacred make them of a command."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeps.checks.asking import refused
from tracker.asking.programs import Command
from tracker.commands import WITH, with_this_python, written
from tracker.journal.jsonpickled import opened
from tracker.settings import STORE_VARIABLE


def configs(commands: Sequence[Command], address: str) -> list[Mapping[str, Any] | None]:
    """The configuration of each command, asked for by `save_config`; None where there is no answer."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / f"{number}.json" for number in range(len(commands))]
            asked = [_question(one, file) for one, file in zip(commands, files, strict=True)]
            refused(asked, {STORE_VARIABLE: address})
            return [_read(file) for file in files]
    except OSError:  # no room for files; what that breaks is checked and told
        return [None] * len(commands)


def _question(command: Command, file: Path) -> Command:
    place = command.index(WITH)
    words = (*command[:place], "save_config", *command[place:], f"config_filename={written(str(file))}")
    return with_this_python(words)


def _read(file: Path) -> Mapping[str, Any] | None:
    try:
        found = opened(json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return None
    return found if isinstance(found, Mapping) else None
