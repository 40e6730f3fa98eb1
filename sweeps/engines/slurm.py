"""Runs on a Slurm cluster: job arrays of single runs, or jobs that hold several runs on one graphics card."""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from sweeps.engines import slurm_ledger, slurm_queue
from sweeps.engines.base import Event, Task
from sweeps.engines.options import EngineOptions
from sweeps.engines.slurm_hearing import Heard, Live
from sweeps.engines.slurm_notes import ENDED, read_notes
from sweeps.engines.slurm_options import wishes
from sweeps.engines.slurm_placing import Backlog
from sweeps.engines.slurm_queue import Standing
from sweeps.exit_codes import STOPPED
from tracker.errors import LaunchError

FOLDER = "_slurm"  # in the folder of logs: what submitit and the jobs keep
POLL = 0.2  # seconds between two looks at the notes
OFTEN, SELDOM = 2.0, 30.0  # seconds between two calls of squeue, with much and with little news


class SlurmEngine:
    """Places runs on a Slurm cluster, and finds those again that an earlier sweep has placed."""

    def __init__(self, options: EngineOptions) -> None:
        from submitit.slurm.slurm import _get_default_parameters

        wished = wishes(options, _get_default_parameters())
        slurm_queue.check_cluster(wished.parameters.get("partition"))
        self._folder = _made(options.logs.absolute() / FOLDER)
        self._backlog = Backlog(wished, self._folder)
        self._live: dict[str, Live] = {}
        self._news: list[Event] = []
        self._stands: dict[str, Standing] = {}
        self._looked = self._heard = time.monotonic()
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
                self._live[key] = Live(key, run, self._folder)
        slurm_ledger.remove(self._folder, {key: run for key, run in runs.items() if key not in self._live})
        return tuple(key for key in runs if key in self._live)

    def submit(self, tasks: Sequence[Task]) -> None:
        """Give the tasks to Slurm, but for those that an earlier sweep has given it already."""
        for task in tasks:
            if task.key in self._live:
                _link(task.log, Path(self._live[task.key].placed.log))
        self._backlog.add([task for task in tasks if task.key not in self._live])
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
        self._news += [Event(task.key, "ended", STOPPED) for task in self._backlog.drop()]
        if self._live:
            if hard:
                slurm_queue.cancel(self._jobs())
            self._look()

    def close(self) -> None:
        """Nothing to do: jobs that are left are Slurm's, and the next sweep with these logs finds them."""

    def _place(self) -> None:
        for placed in self._backlog.place(going=bool(self._live)):
            live = {key: Live(key, run, self._folder) for key, run in placed.items()}
            self._live |= live
            self._tell([one.queued() for one in live.values()])

    def _jobs(self) -> list[str]:
        return sorted({live.placed.job for live in self._live.values()})

    def _collect(self) -> None:
        now = time.monotonic()
        if self._backlog.is_due:
            self._place()
        if not self._live:
            return
        if now - self._looked >= min(SELDOM, max(OFTEN, (now - self._heard) / 4)):
            self._look()
        notes = read_notes(self._folder, [(live.placed.job, key) for key, live in self._live.items()])
        for key, live in self._live.items():
            job = live.placed.job
            heard = Heard(notes.get((job, key)), self._stands.get(job), self._looked, self._cancelled)
            self._tell(list(live.hear(heard)))
        self._forget({event.key for event in self._news if event.over})

    def _tell(self, news: Sequence[Event]) -> None:
        if news:
            self._heard = time.monotonic()
            self._news += news

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
