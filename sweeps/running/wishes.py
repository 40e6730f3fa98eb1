"""Signals that ask this process to end, noted and slept through."""

from __future__ import annotations

import os
import select
import signal

ASKED_TO_END = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Wishes:
    """Notes the signals that ask to end, instead of ending; whoever sleeps here is woken by each.

    SIGHUP stays ignored where it is, as `nohup` has it; SIGUSR2, by which Slurm may announce an end
    to every process of a job, ends nothing here: whoever has started us acts on it.
    """

    def __init__(self) -> None:
        self.asked = False
        self._sleeper, self._waker = os.pipe()
        for end in (self._sleeper, self._waker):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in ASKED_TO_END:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._note)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # wakes, as the default would not
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ASKED_TO_END, signal.SIGCHLD})  # Ray blocks SIGINT

    def sleep(self, seconds: float) -> None:
        """Until a signal comes or somebody wakes us, at most so long."""
        if select.select([self._sleeper], [], [], max(0.0, seconds))[0]:
            os.read(self._sleeper, 4096)

    def wake(self) -> None:
        """End the sleep; to be called from any thread."""
        os.write(self._waker, b"\0")

    def _note(self, *_: object) -> None:
        self.asked = True


def hear_no_more() -> None:
    """Nothing is left that could be ended: a signal that comes now must not change the exit code.

    Python lets go of its handlers while it ends, and whoever asks may ask twice: Slurm asks every process
    of a job, and the job asks its runs.
    """
    for number in ASKED_TO_END:
        signal.signal(number, signal.SIG_IGN)
