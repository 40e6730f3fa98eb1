"""Wishes to end a sweep: Ctrl-C and signals, counted."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

ASKED_TO_END = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
INTERRUPTED = 130  # the shell's code for an end by Ctrl-C


@dataclass
class Interrupts:
    """How often the sweep was asked to end."""

    count: int = 0


@contextmanager
def counted_interrupts() -> Iterator[Interrupts]:
    """Counted instead of raised: an exception could come between a run's start and its entry in a list."""
    interrupts = Interrupts()

    def count(_number: int, _frame: FrameType | None) -> None:
        interrupts.count += 1

    before = {number: signal.signal(number, count) for number in ASKED_TO_END}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
