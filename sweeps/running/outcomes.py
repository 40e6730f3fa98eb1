"""What became of a command, told from the way its process ended."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sweeps.exit_codes import DONE, FAILED, KILLED, LEASE_LOST, STOPPED

BYTES = 20_000  # of a log's end, in which its last line is looked for
SHELL = 128  # a shell, or the recording of a run, ends with this and the number of a signal

_ASKS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def exit_code(code: int, *, asked: bool, lost: bool) -> int:
    """One of sweeps.exit_codes: `code` is that of the command, negative for a signal.

    A command that ends well has done its work, whatever it was asked meanwhile.
    """
    if code == 0:
        return DONE
    if lost:
        return LEASE_LOST
    number = -code if code < 0 else code - SHELL
    if number == signal.SIGKILL:
        return KILLED
    return STOPPED if asked or number in _ASKS else FAILED


def words(code: int, log: Path | None, printed_before: int) -> str:
    """What tells most about a failure: the signal, or else the last line that the command printed."""
    if code in (-signal.SIGKILL, SHELL + signal.SIGKILL):
        return "killed by SIGKILL: by hand, or for want of memory"
    said = _last_line(log, printed_before) if log else ""
    signalled = f"ended by {_name(-code)}" if code < 0 else ""
    return ": ".join(filter(None, (signalled, said)))


def size(log: Path | None) -> int:
    """The bytes of a log; 0 where there is none."""
    try:
        return log.stat().st_size if log else 0
    except OSError:
        return 0


def _last_line(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(start, os.fstat(file.fileno()).st_size - BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines()]
    return next((line for line in reversed(lines) if line), "")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
