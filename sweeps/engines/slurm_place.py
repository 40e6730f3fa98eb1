"""What a Slurm job does on its node: it starts its runs, watches them and ends them when Slurm asks."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from sweeps.engines.slurm_again import freed
from sweeps.engines.slurm_job import come_back, job_id, time_is_up, where
from sweeps.engines.slurm_notes import ENDED, STARTED, STOPPED, Note, read_notes, write_note
from sweeps.exit_codes import CANNOT_START, FAILED, KILLED, WORDS
from sweeps.exit_codes import STOPPED as STOPPED_CODE
from tracker.settings import STORE_VARIABLE

POLL = 0.2  # seconds between two looks at the processes
WISH = signal.SIGURG  # the sweep wants an end; Slurm may send it to all processes of a job, which ignore it
FIRST = 60.0  # seconds after a job's start in which a run had nearly all of the job's time


@dataclass(frozen=True)
class Order:
    """A run as it travels to a node, in a file that others may read: without the address of the store."""

    key: str
    command: tuple[str, ...]
    log: str
    checkpoint: str  # the file that keeps its state; "" where nobody knows
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Share:
    """The runs of one job; submitit calls it on the node."""

    orders: tuple[Order, ...]
    at_once: int
    cores: int  # of one run
    folder: str  # where the commands start
    notes: str
    early: int  # seconds before the end of the job's time at which Slurm asks it to end

    def __call__(self) -> None:
        """Carry out every run, in this start of the job or in a later one."""
        Place(self).work()


@dataclass
class Running:
    """A run's process."""

    order: Order
    process: subprocess.Popen[bytes]
    note: Note
    kept: int  # when its state was last written before
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self.began


class Asked:
    """What the job was asked by signals; it is looked at between two polls, as a handler can do little."""

    def __init__(self) -> None:
        self.by_sweep = 0  # the engine's signal, which nobody else heeds
        self.by_slurm = 0  # SIGTERM: cancelled, preempted, drained; SIGUSR2: the time is over, or preempted
        for number in (WISH, signal.SIGTERM, signal.SIGUSR2):
            signal.signal(number, self._heard)

    def __bool__(self) -> bool:
        return bool(self.by_sweep or self.by_slurm)

    @property
    def insists(self) -> bool:
        """Whether the sweep wanted an end that was orderly, and now one at once."""
        return bool(self.by_sweep and self.by_slurm)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if number == WISH:
            self.by_sweep += 1
        else:
            self.by_slurm += 1


class Place:
    """The job on its node."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._notes = Path(share.notes)
        self._asked = Asked()
        self._began = time.monotonic()
        self._running: list[Running] = []
        self._waiting: deque[Order] = deque()
        self._told = False

    def work(self) -> None:
        """Start what is left of the share until it is done, or an end is asked for."""
        self._waiting.extend(self._left())
        while self._running or (self._waiting and not self._asked):
            if self._asked:
                self._end()
            while not self._asked and self._waiting and len(self._running) < self._share.at_once:
                self._start(self._waiting.popleft())
            time.sleep(POLL)
            self._collect()
        if self._asked.by_sweep:
            for order in self._waiting:
                self._write(order, Note(ENDED, _stamp(), where(), STOPPED_CODE))
        elif self._asked.by_slurm and self._unfinished():
            self._come_back()

    def _left(self) -> list[Order]:
        """The runs that have not ended in an earlier start of this job, with the right to start them now."""
        wanted = [(job_id(), order.key) for order in self._share.orders]
        before = {key: note for (_, key), note in read_notes(self._notes, wanted).items()}
        again = [
            order for order in self._share.orders if order.key in before and before[order.key].kind != ENDED
        ]
        commands = freed({order.key: order.command for order in again}, lambda: bool(self._asked))
        left = []
        for order in self._share.orders:
            now = commands.get(order.key, order.command)
            if isinstance(now, int):
                self._write(order, Note(ENDED, _stamp(), where(), now))
            elif order.key not in before or order.key in commands:
                left.append(Order(order.key, now, order.log, order.checkpoint, order.environment))
        return left

    def _start(self, order: Order) -> None:
        note, kept = Note(STARTED, _stamp(), where()), _written(order.checkpoint)
        try:
            process = _process(order, self._share)
        except OSError as error:
            words = (
                f"The run cannot start on {socket.gethostname()} ({error}); do all nodes share the folder?"
            )
            self._say(order, words)
            self._write(order, Note(ENDED, note.stamp, note.where, CANNOT_START))
            return
        self._write(order, note)
        self._running.append(Running(order, process, note, kept))

    def _collect(self) -> None:
        for run in [run for run in self._running if run.process.poll() is not None]:
            self._running.remove(run)
            self._write(run.order, self._ending(run))

    def _ending(self, run: Running) -> Note:
        code = _exit_code(run.process.returncode, asked=bool(self._asked))
        kind = STOPPED if self._asked and code in (STOPPED_CODE, KILLED) else ENDED
        if kind == STOPPED and self._asked.by_slurm and self._lost_its_time(run):
            self._say(run.order, "The job's time was over and the run had kept nothing: raise --minutes")
            kind, code = ENDED, FAILED
        return Note(kind, run.note.stamp, run.note.where, code, run.seconds)

    def _lost_its_time(self, run: Running) -> bool:
        """Whether the run had all of a job's time and kept no state: it would lose it again and again."""
        whole = run.began - self._began < FIRST and time_is_up(self._share.early)
        return whole and _written(run.order.checkpoint) == run.kept

    def _end(self) -> None:
        """Ask every run to end, once; kill when the sweep insists."""
        for run in self._running:
            if self._asked.insists:
                _signal(run.process, signal.SIGKILL)
            elif not self._told:
                _signal(run.process, signal.SIGTERM)
        self._told = True

    def _unfinished(self) -> bool:
        wanted = [(job_id(), order.key) for order in self._share.orders]
        ended = [note for note in read_notes(self._notes, wanted).values() if note.kind == ENDED]
        return len(ended) < len(wanted)

    def _come_back(self) -> None:
        """Have Slurm queue this job again, unless somebody has cancelled it or Slurm does it by itself."""
        come_back()
        raise SystemExit(STOPPED_CODE)  # not by returning: a job that returned counts as done

    def _write(self, order: Order, note: Note) -> None:
        write_note(self._notes, job_id(), order.key, note)

    def _say(self, order: Order, words: str) -> None:
        with Path(order.log).open("a", encoding="utf-8") as log:
            log.write(f"{words}\n")


def _process(order: Order, share: Share) -> subprocess.Popen[bytes]:
    log = Path(order.log)
    log.parent.mkdir(parents=True, exist_ok=True)
    threads = str(share.cores)
    chosen = {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "PYTHONUNBUFFERED": "1"}
    if STORE_VARIABLE not in os.environ and STORE_VARIABLE not in order.environment:
        raise OSError(f"Slurm did not hand on {STORE_VARIABLE}; leave out SBATCH_EXPORT and sbatch.export")
    with log.open("ab") as output:
        return subprocess.Popen(
            order.command,
            cwd=share.folder,
            env={**os.environ, **chosen, **order.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # it hears of Slurm's signals from here alone
        )


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return  # it ended by itself in the meantime


def _exit_code(code: int, *, asked: bool) -> int:
    if code in WORDS:
        return code
    if (
        asked and code == -signal.SIGTERM
    ):  # Slurm asks all processes of a job: it heard it twice, or deaf no more
        return STOPPED_CODE
    return KILLED if code < 0 or code > 128 else FAILED


def _stamp() -> str:
    return uuid.uuid4().hex[:8]


def _written(path: str) -> int:
    """When the file was written last; 0 where it is not there."""
    try:
        return Path(path).stat().st_mtime_ns if path else 0
    except OSError:
        return 0
