"""Programs asked whether they take a command, without a record of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from sweeps.engines.machine import cores, threads
from sweeps.engines.process_tree import kill_tree
from tracker.asking.programs import Command, ask

PATIENCE = 120.0  # seconds for an answer; what takes longer is not refused
TOGETHER = "sweeps.checks.together"  # the module that answers many commands of Python


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
    answer = ask(command, environment, PATIENCE)
    return "" if isinstance(answer, str) else answer.refusal
