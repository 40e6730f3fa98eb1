"""Runs on a Slurm cluster: job arrays of single runs, or jobs that hold several runs on one graphics card."""

from __future__ import annotations

import secrets
import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from sweeps.engines import slurm_ledger, slurm_queue
from sweeps.engines.base import Event, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.slurm_ledger import Placed
from sweeps.engines.slurm_notes import ENDED, STARTED, STOPPED, Note, read_notes
from sweeps.engines.slurm_options import parameters, shares, wishes
from sweeps.engines.slurm_queue import Standing
from sweeps.engines.slurm_submit import NotNowError, share, submit
from sweeps.engines.slurm_verdict import is_sure, verdict
from sweeps.exit_codes import CANNOT_START, KILLED
from sweeps.exit_codes import STOPPED as STOPPED_CODE
from tracker.errors import LaunchError
from tracker.settings import STORE_VARIABLE

FOLDER = "_slurm"  # in the folder of logs: what submitit and the jobs keep
LARGEST = 500  # jobs in one array; MaxArraySize is 1001 unless a cluster says otherwise
POLL = 0.2  # seconds between two looks at the notes
OFTEN, SELDOM = 2.0, 30.0  # seconds between two calls of squeue, with much and with little news


@dataclass
class _Live:
    """A run that Slurm has and that is not over."""

    placed: Placed
    told: str = ""  # the kind of the last event
    stamp: str = ""  # of the start that was told
    since: float | None = None  # when its job was first seen to be over
    began: float = 0.0  # when its start was told


class SlurmEngine:
    """Places runs on a Slurm cluster, and finds those again that an earlier sweep has placed."""

    def __init__(self, options: EngineOptions) -> None:
        from submitit.slurm.slurm import _get_default_parameters

        self._wishes = wishes(options, _get_default_parameters())
        slurm_queue.check_cluster(self._wishes.parameters.get("partition"))
        self._folder = _made(options.logs.absolute() / FOLDER)
        self._name = self._wishes.parameters.get("job_name") or f"sweep-{secrets.token_hex(4)}"
        self._live: dict[str, _Live] = {}
        self._backlog: list[list[list[Task]]] = []  # jobs that Slurm has not taken yet, by equal needs
        self._news: list[Event] = []
        self._stands: dict[str, Standing] = {}
        self._looked = self._heard = self._tried = time.monotonic()
        self._cancelled = False

    @property
    def room(self) -> int:
        """Slurm has a queue of its own; while that is full, nothing more is asked for."""
        return 0 if self._backlog else sys.maxsize

    def attach(self, keys: Collection[str]) -> Sequence[str]:
        """Take up what the ledger says of these runs, as far as Slurm still has it; others are others'."""
        runs = {key: run for key, run in slurm_ledger.placed(self._folder).items() if key in keys}
        if not runs:
            return ()
        stands = slurm_queue.queue(slurm_ledger.names(runs.values()))
        if stands is None:
            raise LaunchError("Slurm does not answer; try `squeue` on this machine")
        notes = read_notes(self._folder, [(run.job, key) for key, run in runs.items()])
        for key, run in runs.items():
            stand, note = stands.get(run.job), notes.get((run.job, key))
            if stand is not None and not stand.over and (note is None or note.kind != ENDED):
                self._live[key] = _Live(run)
        slurm_ledger.remove(self._folder, {key: run for key, run in runs.items() if key not in self._live})
        return tuple(key for key in runs if key in self._live)

    def submit(self, tasks: Sequence[Task]) -> None:
        """Give the tasks to Slurm, but for those that an earlier sweep has given it already."""
        new = [task for task in tasks if task.key not in self._live]
        for task in tasks:
            if task.key in self._live:
                _link(task.log, Path(self._live[task.key].placed.log))
        for _, group in groupby(sorted(new, key=_kind), key=_kind):
            lot = list(group)
            self._backlog.append([[lot[at] for at in part] for part in shares(len(lot), self._wishes)])
        self._place()

    def events(self, timeout: float) -> list[Event]:
        """News since the last call, waiting at most `timeout` seconds for some."""
        deadline = time.monotonic() + timeout
        while True:
            self._collect()
            if self._news or time.monotonic() >= deadline:
                news, self._news = self._news, []
                return news
            time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))

    def cancel(self, *, hard: bool) -> None:
        """Take what waits out of the queue and ask what runs to end; `hard` has Slurm kill it."""
        self._cancelled = True
        dropped = [task for lot in self._backlog for part in lot for task in part]
        self._news += [Event(task.key, "ended", STOPPED_CODE) for task in dropped]
        self._backlog.clear()
        if self._live:
            if hard:
                slurm_queue.cancel(self._jobs())
            self._look()

    def close(self) -> None:
        """Nothing to do: jobs that are left are Slurm's, and the next sweep with these logs finds them."""

    # ----- placing

    def _place(self) -> None:
        """Submit what was not taken so far, in arrays that get smaller where Slurm refuses a large one."""
        self._tried = time.monotonic()
        size = LARGEST
        while self._backlog:
            lot = self._backlog[0]
            size = min(size, len(lot))
            try:
                self._submit(lot[:size])
            except NotNowError:
                if size > 1:
                    size //= 2
                    continue
                if not self._live:  # nothing of ours can end and make room
                    raise
                return
            del lot[:size]
            self._backlog = [lot for lot in self._backlog if lot]

    def _submit(self, parts: Sequence[Sequence[Task]]) -> None:
        """One array for runs with the same needs."""
        first, most = parts[0][0], max(len(part) for part in parts)
        told = {"job_name": self._name, **parameters(first.needs, self._wishes, most)}
        at_once, early = self._wishes.at_once, int(told["signal_delay_s"])
        jobs = [share(part, at_once, self._folder, early) for part in parts]
        ids = submit(self._folder, told, jobs, first.environment)
        runs = {
            task.key: Placed(job, told["job_name"], str(task.log))
            for job, part in zip(ids, parts, strict=True)
            for task in part
        }
        slurm_ledger.add(self._folder, runs)
        for key, placed in runs.items():
            self._live[key] = _Live(placed)
            self._tell(key, "queued", f"job {placed.job}")

    def _jobs(self) -> list[str]:
        return sorted({live.placed.job for live in self._live.values()})

    # ----- hearing

    def _collect(self) -> None:
        now = time.monotonic()
        if self._backlog and now - self._tried >= SELDOM:
            self._place()
        if not self._live:
            return
        if now - self._looked >= min(SELDOM, max(OFTEN, (now - self._heard) / 4)):
            self._look()
        notes = read_notes(self._folder, [(live.placed.job, key) for key, live in self._live.items()])
        for key, live in list(self._live.items()):
            self._hear(key, live, notes.get((live.placed.job, key)), self._stands.get(live.placed.job))
        self._forget({event.key for event in self._news if event.over})

    def _forget(self, keys: Collection[str]) -> None:
        over = {key: self._live.pop(key).placed for key in keys if key in self._live}
        if over:
            slurm_ledger.remove(self._folder, over)

    def _look(self) -> None:
        """Ask how all jobs stand; what the controller has forgotten, the accounting may know."""
        if self._cancelled and self._live:  # again and again: what just starts does not hear it yet
            slurm_queue.cancel_waiting(self._jobs())
            slurm_queue.ask_to_end(self._jobs())
        placed = [live.placed for live in self._live.values()]
        stands = slurm_queue.queue(slurm_ledger.names(placed))
        self._looked = time.monotonic()
        if stands is None:
            return
        found = {run.job: slurm_queue.standing(stands, run.job) for run in placed}
        forgotten = [job for job, stand in found.items() if stand is None]
        known = slurm_queue.history(forgotten) if forgotten else {}
        self._stands = {job: stand or known.get(job, Standing("", "")) for job, stand in found.items()}

    def _hear(self, key: str, live: _Live, note: Note | None, stand: Standing | None) -> None:
        """What is new of one run: its own note counts first, then what Slurm says of its job."""
        if note is not None and note.kind == ENDED:
            self._tell(key, "ended", note.where, note.exit_code, note.seconds)
            return
        if note is not None and note.kind == STARTED and note.stamp != live.stamp:
            live.stamp, live.began = note.stamp, time.monotonic()
            self._tell(key, "started", note.where)
        if stand is None:
            return
        if stand.waits and live.told != "queued" and self._looked > live.began:
            self._tell(key, "queued", f"job {live.placed.job}")
        if stand.over:
            live.since = live.since or time.monotonic()
            if note is not None and note.kind == STOPPED:
                self._tell(key, "ended", note.where, note.exit_code, note.seconds)
            elif is_sure(note, stand, live.since):
                self._conclude(key, live, note, stand)
        else:
            live.since = None

    def _conclude(self, key: str, live: _Live, note: Note | None, stand: Standing) -> None:
        """The job is over and its run did not say how it ended: Slurm's word counts."""
        where = note.where if note else f"job {live.placed.job}{f' on {stand.node}' if stand.node else ''}"
        code, words = verdict(stand, note is not None, self._folder, live.placed)
        if self._cancelled and code in (None, KILLED, CANNOT_START, STOPPED_CODE):
            code, words = STOPPED_CODE, ""  # it was asked before it could hear it
        if words:
            _say(Path(live.placed.log), f"{where}: {words}")
        seconds = time.monotonic() - live.began if live.began else 0.0
        self._tell(key, "lost" if code is None else "ended", where, code, seconds)

    def _tell(
        self, key: str, kind: str, where: str, exit_code: int | None = None, seconds: float = 0.0
    ) -> None:
        self._live[key].told = kind
        self._heard = time.monotonic()
        self._news.append(Event(key, kind, exit_code, seconds, where))


def _kind(task: Task) -> tuple[Any, ...]:
    needs = task.needs
    return needs.cores, needs.gpus, needs.memory, needs.minutes, task.environment.get(STORE_VARIABLE, "")


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"{folder.parent}: no logs can be kept here ({error.strerror}); name a folder with --logs"
        ) from error
    return folder


def _link(log: Path, real: Path) -> None:
    """Let the log that the sweep looks into be the one that the job writes."""
    with suppress(OSError):
        if log != real:
            log.symlink_to(real)


def _say(log: Path, words: str) -> None:
    with suppress(OSError):  # the event says it, too
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a", encoding="utf-8") as output:
            output.write(f"{words}\n")
