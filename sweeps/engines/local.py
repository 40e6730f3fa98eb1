"""A pool of processes on this machine."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.engines.base import Event
from sweeps.plan import Job
from tracker.errors import LaunchError
from tracker.settings import QUESTIONS_VARIABLE, STORE_VARIABLE

POLL = 0.05  # seconds between two looks at the processes
GRACE = 10.0  # seconds that a run has to record its own end before it is killed
GPUS = Path("/proc/driver/nvidia/gpus")  # one entry a card, there without importing anything


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def gpus() -> list[str]:
    """The graphics cards that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
    if chosen is not None:
        return [card for card in chosen.split(",") if card]
    return [str(number) for number, _ in enumerate(GPUS.iterdir())] if GPUS.is_dir() else []


def default_workers() -> int:
    """One run a card, or one a core where there is none."""
    return len(gpus()) or cores()


@dataclass
class _Running:
    job: Job
    process: subprocess.Popen[bytes]
    log: Path
    slot: int
    started: float


class LocalEngine:
    """At most `workers` runs at once, the cores divided between them, each run's output in its own log.

    Threads are divided because runs that each take every core slow each other down several times over.
    """

    def __init__(self, workers: int, store: str, logs: Path) -> None:
        self._free = deque(range(workers))
        self._threads = max(1, cores() // workers)
        self._store = store
        self._logs = logs
        self._waiting: deque[Job] = deque()
        self._running: list[_Running] = []
        self._news: list[Event] = []
        self._submitted = 0

    def submit(self, jobs: Sequence[Job]) -> None:
        """Take the jobs; they start as workers become free."""
        _check(jobs, self._logs)
        self._waiting.extend(jobs)
        self._fill()

    def events(self, timeout: float) -> list[Event]:
        """Starts and ends since the last call."""
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            if self._news or time.monotonic() >= deadline:
                news, self._news = self._news, []
                return news
            time.sleep(POLL)

    def cancel(self, *, hard: bool) -> None:
        """Drop what waits; interrupt what runs, or kill it."""
        self._waiting.clear()
        for running in self._running:
            _signal(running.process, signal.SIGKILL if hard else signal.SIGTERM)

    def close(self) -> None:
        """End every process: asked first, killed after a grace."""
        self.cancel(hard=False)
        deadline = time.monotonic() + GRACE
        for running in self._running:
            try:
                running.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(running.process, signal.SIGKILL)
                running.process.wait()
        self._running.clear()

    def _collect(self) -> None:
        for running in [running for running in self._running if running.process.poll() is not None]:
            self._running.remove(running)
            self._free.append(running.slot)
            seconds = time.monotonic() - running.started
            self._news.append(Event(running.job, running.log, running.process.returncode, seconds))
        self._fill()

    def _fill(self) -> None:
        while self._free and self._waiting:
            self._start(self._waiting.popleft(), self._free.popleft())

    def _start(self, job: Job, slot: int) -> None:
        self._submitted += 1
        log = self._logs / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self._submitted:04d}.log"
        with log.open("wb") as output:
            output.write(f"$ {' '.join(job.command)}\n".encode())
            output.flush()
            process = subprocess.Popen(
                _with_this_python(job.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment(job, slot),
                start_new_session=True,  # Ctrl-C reaches the sweep alone, which then ends its runs in order
            )
        self._running.append(_Running(job, process, log, slot, time.monotonic()))
        self._news.append(Event(job, log))

    def _environment(self, job: Job, slot: int) -> dict[str, str]:
        threads = str(self._threads)
        chosen = {STORE_VARIABLE: self._store, QUESTIONS_VARIABLE: ",".join(job.nodes)}
        chosen |= {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        if cards := gpus():
            chosen["CUDA_VISIBLE_DEVICES"] = cards[slot % len(cards)]
        return {**os.environ, **chosen, "PYTHONUNBUFFERED": "1"}


def _check(jobs: Sequence[Job], logs: Path) -> None:
    """Raise LaunchError for what would fail half-way: no such program, no place for logs."""
    for program in {_with_this_python(job.command)[0] for job in jobs}:
        if shutil.which(program) is None:
            raise LaunchError(f"{program}: there is no such program; correct `launch` in the question file")
    try:
        logs.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"{logs}: no logs can be kept here ({error.strerror}); name a folder with --logs"
        ) from error


def _with_this_python(command: Sequence[str]) -> list[str]:
    """The command with `python` meaning the Python that runs the sweep."""
    return [sys.executable if command[0] in ("python", "python3") else command[0], *command[1:]]


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # it ended by itself in the meantime
