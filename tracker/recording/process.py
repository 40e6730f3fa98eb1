"""A process, told apart from one that gets its number later."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Process:
    """Where and when it was started; what the system does not tell is empty."""

    host: str
    pid: int
    boot: str = ""  # of the machine since it was started
    started: str = ""  # in clock ticks since then

    @property
    def is_here(self) -> bool:
        """Whether it was started on this machine, since that was started."""
        return (self.host, self.boot) == (socket.gethostname(), _boot())

    @property
    def is_gone(self) -> bool:
        """Whether it has ended, as far as this machine knows; of another one nothing is known."""
        if not self.is_here:
            return False
        return _started(self.pid) != self.started if self.started else not _exists(self.pid)


def this_process() -> Process:
    """The one that asks."""
    return Process(socket.gethostname(), os.getpid(), _boot(), _started(os.getpid()))


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _started(pid: int) -> str:
    """The start of a process, "" where there is none of this number, or only what is left of one."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *numbers = told.rpartition(")")[2].split()
    return "" if state in "ZX" else numbers[18]
