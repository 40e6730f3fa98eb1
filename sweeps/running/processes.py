"""A process that can be ended with all that it starts, and that outlives nobody."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tracker.leases.holder import start_of

MARK = "SWEEPS_RUNNER"  # in the environment of all that a command starts: the process that answers for it
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
LEFT = 2.0  # seconds for what a command leaves behind to end by itself
POLL = 0.02  # seconds between two looks at that

_OF_PYTHON = ("SIGPIPE", "SIGXFSZ")  # Python ignores them, and a command is not to inherit that
_GO, _DONE = b"g", b"d"  # words to the command at its gate, and to the undertaker


def die_with_parent(parent: int, number: int) -> None:
    """Be sent the signal when the parent ends, also when it has ended already. Linux only; else nothing."""
    _prctl(PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:
        os.kill(os.getpid(), number)


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int  # negative for a signal
    memory: int  # bytes of the largest process, itself or one that it waited for; never below the parent's


class Command:
    """A command in a session of its own, which waits at a gate before it begins.

    It is forked before anything else happens here, because a process that has threads must not fork.
    When this process is killed, the kernel kills the command, and an undertaker all that it has started.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        _prctl(PR_SET_CHILD_SUBREAPER, 1)  # what a command leaves behind becomes our child
        gate, self._gate = os.pipe()
        self._trouble, trouble = os.pipe()
        parent = os.getpid()
        mark = f"{parent}-{start_of(parent)}"
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._gate)
            _become(words, {**environment, MARK: mark}, parent, gate, trouble)
        os.close(gate)
        os.close(trouble)
        self._undertaker, self._undertaken = _undertaker(self.pid, mark, (self._gate, self._trouble))

    def begin(self) -> None:
        """Open the gate. Raises OSError where there is no such program."""
        os.write(self._gate, _GO)
        os.close(self._gate)
        with open(self._trouble, "rb") as told:  # noqa: PTH123 - a number, not a path
            error = told.read()
        if error:
            os.waitpid(self.pid, 0)
            self._dismiss()
            raise OSError(int(error), os.strerror(int(error)))

    def give_up(self) -> None:
        """Never open the gate."""
        os.close(self._gate)
        os.waitpid(self.pid, 0)
        self._dismiss()

    def ended(self) -> Ended | None:
        """How it ended; None while it goes on."""
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        unit = 1 if sys.platform == "darwin" else 1024
        return Ended(os.waitstatus_to_exitcode(status), usage.ru_maxrss * unit) if pid else None

    def ask(self) -> None:
        """Ask the command to end; the processes that it has started are its own affair."""
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the command and its group without asking."""
        _send_group(self.pid, signal.SIGKILL)

    def clear(self, seconds: float = LEFT) -> None:
        """After its end: end what it has left behind, asked first, killed after so many seconds."""
        self._send(signal.SIGTERM)
        deadline = time.monotonic() + seconds
        while self._left() and time.monotonic() < deadline:
            time.sleep(POLL)
        while self._left():
            self._send(signal.SIGKILL)
            time.sleep(POLL)
        self._dismiss()

    def _send(self, number: int) -> None:
        _send_group(self.pid, number)
        for child in self._children():
            os.kill(child, number)  # ours until we wait for it, so the number means nobody else

    def _left(self) -> bool:
        """Whether anything is left, with what is dead buried."""
        living = [child for child in self._children() if os.waitpid(child, os.WNOHANG)[0] == 0]
        return bool(living) or _send_group(self.pid, 0)

    def _children(self) -> list[int]:
        """The processes below us, but for the undertaker; none where the system does not tell."""
        found = []
        for path in Path("/proc/self/task").glob("*/children"):
            with suppress(OSError):  # the thread has ended; another has its children now
                found += [int(number) for number in path.read_text().split()]
        return [child for child in found if child != self._undertaker]

    def _dismiss(self) -> None:
        with suppress(BrokenPipeError):  # somebody has killed it
            os.write(self._undertaken, _DONE)
        os.close(self._undertaken)
        os.waitpid(self._undertaker, 0)


def _become(
    words: Sequence[str], environment: Mapping[str, str], parent: int, gate: int, trouble: int
) -> None:
    """What happens in the child: it becomes the command when the gate opens, or ends."""
    try:
        os.setsid()
        for name in _OF_PYTHON:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell lets what it puts aside ignore Ctrl-C
        die_with_parent(parent, signal.SIGKILL)
        if os.read(gate, 1):
            os.execvpe(words[0], list(words), dict(environment))
    except OSError as error:
        os.write(trouble, str(error.errno).encode())
    finally:
        os._exit(0)


def _undertaker(group: int, mark: str, open_here: Sequence[int]) -> tuple[int, int]:
    """A process that kills the rest when this one ends without a word; with the way to give it one."""
    waits, told = os.pipe()
    pid = os.fork()
    if pid:
        os.close(waits)
        return pid, told
    try:
        os.setsid()  # what ends our group does not end it
        for asks in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(asks, signal.SIG_IGN)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)  # nobody is to wait for the end of our output because of it
        for number in (told, *open_here):
            os.close(number)
        if not os.read(waits, 1):
            _send_group(group, signal.SIGKILL)
            for pid in _marked(mark):
                with suppress(OSError):  # it has ended
                    os.kill(pid, signal.SIGKILL)
    finally:
        os._exit(0)


def _marked(mark: str) -> list[int]:
    """The processes that a command with this mark has started, in whatever group."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it has ended, or belongs to somebody else
            if f"{MARK}={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
    return found


def _send_group(group: int, number: int) -> bool:
    """Send a signal to a group; whether there is one."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return sys.platform != "darwin"  # which says so of a group of the dead
    return True


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
