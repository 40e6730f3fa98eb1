"""A process as the holder of a lease, and whether it still lives."""

from __future__ import annotations

import os
import socket

from tracker.leases.base import Holder


def this_process() -> Holder:
    """The one that asks; what the system does not tell is left empty."""
    return Holder(socket.gethostname(), os.getpid(), start_of(os.getpid()) or 0, _boot())


def is_here(holder: Holder) -> bool:
    """Whether it was started on this machine, since that was started; not known without Linux's /proc."""
    return bool(holder.boot) and (holder.host, holder.boot) == (socket.gethostname(), _boot())


def is_gone(holder: Holder) -> bool:
    """Whether its process has ended; of one that may be elsewhere nothing is known."""
    if not is_here(holder):
        return False
    started = start_of(holder.pid)
    return not _exists(holder.pid) if started is None else started != holder.started


def lives_here(holder: Holder) -> bool:
    """Whether its process goes on, on this very machine."""
    return is_here(holder) and not is_gone(holder)


def start_of(pid: int) -> int | None:
    """When a process was started, in clock ticks since boot; 0 for one that is dead, None if nobody tells."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - quicker, and read often
            state, *numbers = file.read().rpartition(b")")[2].split()
    except OSError:
        return None  # not there, or closed to this user
    return 0 if state in (b"Z", b"X") else int(numbers[18])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _boot() -> str:
    """Names this start of the machine and the space of its process numbers, as a container has its own."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:  # noqa: PTH123 - the same
            return f"{file.read().strip()} {os.readlink('/proc/self/ns/pid')}"  # noqa: PTH115 - the same
    except OSError:
        return ""
