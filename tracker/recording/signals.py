"""The end of a run that is asked to end: by SIGTERM, SIGHUP or Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

GRACE = 3.0  # seconds after a signal in which another one changes nothing, as the run is ending already


class Terminated(SystemExit, KeyboardInterrupt):
    """The run was asked to end by a signal.

    Sacred records it as INTERRUPTED, because it is a KeyboardInterrupt; Python ends without a traceback and
    with the shell's code for the signal, because it is a SystemExit.
    """

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self.number = number

    def __str__(self) -> str:
        return f"ended by {signal.Signals(self.number).name}"


class Signals:
    """Turns the signals that ask a run to end into exceptions in the main thread.

    A signal that the user handles, or that is ignored as `nohup` has it, is left as it is.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._held = self._postponing = False
        self._waiting: int | None = None  # the signal that came while they were postponed
        self._asked = -GRACE  # when the last exception was raised
        self._before: dict[signal.Signals, Any] = {}

    def install(self) -> None:
        """From now on; does nothing outside the main thread, where Python lets nobody set handlers."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            if signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler):
                self._before[number] = signal.signal(number, self._end)

    def restore(self) -> None:
        """Back to what was before `install`."""
        while self._before and threading.current_thread() is threading.main_thread():
            number, handler = self._before.popitem()
            if signal.getsignal(number) == self._end:
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, nothing interrupts: the record of the end is being written."""
        self._held = True
        try:
            yield
        finally:
            self._held = False

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Inside, a signal waits: a record that is half begun could not be ended."""
        self._postponing = True
        try:
            yield
        finally:
            self._postponing = False
        number, self._waiting = self._waiting, None
        if number is not None:
            self._end(number, None)

    def _end(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:
            _as_without_us(number, frame)
            return
        if self._postponing:
            self._waiting = number
            return
        now = time.monotonic()
        if self._held or now - self._asked < GRACE:
            return
        self._asked = now
        raise KeyboardInterrupt if number == signal.SIGINT else Terminated(number)


def _as_without_us(number: int, frame: FrameType | None) -> None:
    """What a forked child, such as a worker that loads data, would do by itself."""
    if number == signal.SIGINT:
        signal.default_int_handler(number, frame)
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
