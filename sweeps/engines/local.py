"""A pool of processes on this machine."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from sweeps.engines.base import Event, Task
from sweeps.engines.cards import cards, variables
from sweeps.engines.machine import cores, free_memory, threads
from sweeps.engines.measuring import Measuring
from sweeps.engines.options import EngineOptions
from sweeps.engines.places import Group, places
from sweeps.engines.process_tree import kill_tree
from sweeps.exit_codes import CANNOT_START, FAILED, KILLED
from sweeps.running.wishes import ASKED_TO_END
from tracker.errors import LaunchError

POLL = 0.05  # seconds between two looks at the processes
GRACE = 30.0  # seconds for a process that was asked to end; the runner's own grace for the run is shorter
RUNNER = "sweeps.runner"  # the module that most tasks start
TAIL = 16384  # bytes at the end of a log in which the reason of a failure stands

_NO_ROOM = re.compile(rb"out of memory|OutOfMemory|RESOURCE_EXHAUSTED|ALLOC_FAILED", re.IGNORECASE)


@dataclass
class _Running:
    task: Task
    process: subprocess.Popen[bytes]
    group: Group
    started: float
    shared: bool = False  # whether another run was on its card
    asked: bool = False  # to end, because its time was over


class LocalEngine:
    """Runs on the cores and cards of this machine, divided between them.

    Threads are divided because runs that each take every core slow each other down several times over.
    """

    def __init__(self, options: EngineOptions) -> None:
        if options.extra:
            raise LaunchError(
                f"{next(iter(options.extra))}: the engine local has no further options; leave it out"
            )
        found = cards()
        self._places = places(options, cores(), found, free_memory())
        self._measuring = Measuring(self._places) if self._places.measured else None
        self._waiting: deque[Task] = deque()
        self._running: list[_Running] = []
        self._news: list[Event] = []
        self._alone: set[str] = set()  # keys of runs that lacked memory on a card that they shared

    @property
    def room(self) -> int:
        """The places that are free."""
        return max(0, self._places.free - len(self._waiting))

    def submit(self, tasks: Sequence[Task]) -> None:
        """Take the tasks; they start as places become free."""
        self._waiting.extend(tasks)
        self._fill()

    def events(self, timeout: float) -> list[Event]:
        """News since the last call, waiting at most `timeout` seconds for some."""
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            left = deadline - time.monotonic()
            if self._news or left <= 0:
                news, self._news = self._news, []
                return news
            time.sleep(min(POLL, left))

    def cancel(self, *, hard: bool) -> None:
        """Drop what waits; ask what runs to end, or kill it with everything under it."""
        self._drop()
        for running in self._running:
            if running.process.poll() is None:
                kill_tree(running.process.pid) if hard else running.process.terminate()

    def close(self) -> None:
        """End every process: asked first, killed after a grace."""
        self.cancel(hard=False)
        deadline = time.monotonic() + GRACE
        for running in self._running:
            with suppress(subprocess.TimeoutExpired):
                running.process.wait(max(0.0, deadline - time.monotonic()))
        self.cancel(hard=True)
        for running in self._running:
            running.process.wait()
        self._running.clear()

    def _drop(self) -> None:
        """Tell of what waits that it will not start: it has not begun, so nothing is lost."""
        for task in self._waiting:
            self._places.give_back(task.key)
            self._news.append(Event(task.key, "lost"))
        self._waiting.clear()

    def _collect(self) -> None:
        for running in [running for running in self._running if running.process.poll() is not None]:
            self._running.remove(running)
            self._places.give_back(running.task.key)
            self._news.append(self._ended(running))
        self._end_overdue()
        if self._measuring:
            self._measuring.look({running.task.key: running.process.pid for running in self._running})
        self._fill()

    def _ended(self, running: _Running) -> Event:
        key, code = running.task.key, running.process.returncode
        if self._measuring:
            self._measuring.ended(key)
        self._alone.discard(key)
        if code == FAILED and running.shared and _lacked_memory(running.task.log):
            self._alone.add(key)
            code = KILLED  # by its neighbours: it says nothing about the run
        return Event(key, "ended", code, time.monotonic() - running.started, _where(running.group))

    def _end_overdue(self) -> None:
        for running in self._running:
            limit = running.task.needs.minutes * 60
            if limit and not running.asked and time.monotonic() - running.started >= limit:
                running.asked = True
                running.process.terminate()

    def _fill(self) -> None:
        for task in tuple(self._waiting):
            group = self._places.take(task.key, alone=task.key in self._alone)
            if group is not None:
                self._waiting.remove(task)
                self._start(task, group)

    def _start(self, task: Task, group: Group) -> None:
        try:
            process = _process(task, group)
        except OSError as error:
            self._places.give_back(task.key)
            _add(task.log, f"The run cannot start: {error}; see to it and start the sweep again")
            self._news.append(Event(task.key, "ended", CANNOT_START))
            return
        self._running.append(_Running(task, process, group, time.monotonic()))
        if group.cards:
            self._note_shared(group)
        self._news.append(Event(task.key, "started", where=_where(group)))

    def _note_shared(self, group: Group) -> None:
        there = [running for running in self._running if running.group is group]
        for running in there:
            running.shared |= len(there) > 1


def _process(task: Task, group: Group) -> subprocess.Popen[bytes]:
    task.log.parent.mkdir(parents=True, exist_ok=True)
    with task.log.open("ab") as output:
        output.write(f"$ {shlex.join(_of_the_run(task.command))}\n".encode())
        output.flush()
        with _waiting() if RUNNER in task.command else nullcontext():
            return subprocess.Popen(
                task.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(task, group),
                start_new_session=True,  # Ctrl-C reaches the sweep alone, which then ends its runs in order
            )


@contextmanager
def _waiting() -> Iterator[None]:
    """What is started inside hears signals only when it asks for them, as the runner does once it can."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ASKED_TO_END)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _environment(task: Task, group: Group) -> dict[str, str]:
    inherited = {**os.environ, **task.environment}
    chosen = threads(group.threads[task.key], inherited)
    chosen |= variables(group.cards) if group.cards else {}
    return {**inherited, **chosen, "PYTHONUNBUFFERED": "1"}


def _of_the_run(command: tuple[str, ...]) -> tuple[str, ...]:
    """What a user would type: the command behind the runner's own words."""
    return command[command.index("--") + 1 :] if RUNNER in command and "--" in command else command


def _where(group: Group) -> str:
    return f"card {', '.join(group.cards)}" if group.cards else ""


def _lacked_memory(log: Path) -> bool:
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL))
            return _NO_ROOM.search(file.read()) is not None
    except OSError:
        return False


def _add(log: Path, words: str) -> None:
    with suppress(OSError), log.open("a", encoding="utf-8") as file:
        file.write(f"{words}\n")
