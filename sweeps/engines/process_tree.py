"""A process with all that it has started."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

ROUNDS = 5  # times that new processes are looked for, which one may have started meanwhile


def descendants(pid: int) -> list[int]:
    """The processes that a process has started, and theirs; none where the system has no /proc."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it is gone
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if state != "Z":
                children.setdefault(int(parent), []).append(int(path.parent.name))
    found = [pid]
    for each in found:
        found += children.get(each, [])
    return found[1:]


def kill_tree(pid: int) -> None:
    """Kill a child of this process that was not waited for, with everything under it."""
    for _ in range(ROUNDS):
        below = descendants(pid)
        for each in (pid, *below):
            with suppress(ProcessLookupError, PermissionError):
                os.kill(each, signal.SIGSTOP)  # first nothing new may begin
        if set(descendants(pid)) <= set(below):
            break
    for each in (*below, pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(each, signal.SIGKILL)
