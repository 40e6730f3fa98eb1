"""Programs asked whether they take a command, without a record of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeps.engines.machine import cores, threads
from sweeps.engines.process_tree import kill_tree

PATIENCE = 120.0  # seconds for an answer; what takes longer is not refused
TOGETHER = "sweeps.checks.together"  # the module that answers many commands of Python
ERROR = re.compile(r"[\w.]*(Error|Exception): ")  # as Python begins the words of one
GOES_ON = 6  # lines that an error of Sacred's goes on for
USAGE = b"Usage:"  # what Sacred says where the command line has a command already

Command = tuple[str, ...]


def refused(commands: Sequence[Command], further: Mapping[str, str]) -> list[str]:
    """The last words of each command that fails; nothing where it does not.

    What Python runs is answered by one process, which has to import only once. Only what fails there is
    asked by itself, so that nothing is refused but in its own words.
    """
    environment = {**os.environ, **threads(1, dict(os.environ)), **further}
    fine = _fine([command for command in commands if _is_of_python(command)], environment)
    alone = [command for command in dict.fromkeys(commands) if command not in fine]
    with ThreadPoolExecutor(max(1, min(len(alone), cores()))) as pool:
        said = dict(zip(alone, pool.map(lambda command: _refusal(command, environment), alone), strict=True))
    return [said.get(command, "") for command in commands]


def _is_of_python(command: Command) -> bool:
    return command[0] == sys.executable and (command[1] == "-m" or not command[1].startswith("-"))


def _fine(commands: Sequence[Command], environment: Mapping[str, str]) -> set[Command]:
    """Those of the commands that do not fail; all of them where there is no answer in time."""
    if len(commands) < 2:
        return set()
    asker = subprocess.Popen(
        (sys.executable, "-m", TOGETHER, str(cores())),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    try:
        told, _ = asker.communicate(json.dumps([command[1:] for command in commands]), PATIENCE)
    except subprocess.TimeoutExpired:
        kill_tree(asker.pid)
        asker.communicate()
        return set(commands)
    if asker.returncode != 0 or not told:
        return set()
    return {command for command, code in zip(commands, json.loads(told), strict=True) if code == 0}


def _refusal(command: Command, environment: Mapping[str, str]) -> str:
    try:
        told = subprocess.run(
            command,
            capture_output=True,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    if told.returncode == 0 or USAGE in told.stdout + told.stderr:
        return ""
    return _last(told.stderr.decode(errors="replace")) or _last(told.stdout.decode(errors="replace"))


def _last(text: str) -> str:
    """The last line that says something, with the error before it where it only goes on with that."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [place for place, line in enumerate(lines) if ERROR.match(line)]
    first = errors[-1] if errors and errors[-1] >= len(lines) - GOES_ON else len(lines) - 1
    return " ".join(lines[first:]) if lines else ""
