"""The trainer: runs come to it, and those of one setting are trained together."""

from __future__ import annotations

import json
import multiprocessing
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, Listener
from pathlib import Path

from experiments.at_once.worker import train_group
from experiments.training.at_once.checks import check_alone
from experiments.training.settings import SettingsError, TrainSettings

BACKLOG = 64  # runs that may knock at the same moment
ON_A_CPU = "on a CPU a run trains by itself: several networks in one process gain nothing there"
NOBODY_ELSE = "no other seed of this setting has come: this run trains by itself"


@dataclass
class _Group:
    """Runs of one setting that wait for more of their kind."""

    cards: str | None
    runs: list[tuple[Connection, TrainSettings]] = field(default_factory=list)
    timer: threading.Timer | None = None

    @property
    def seeds(self) -> list[int]:
        """Those of its runs."""
        return [settings.seed for _, settings in self.runs]


class TrainerError(Exception):
    """There can be no trainer here; the message says why, and what to do."""


class Trainer:
    """Takes on runs until each group is full, or until nobody has come for a while."""

    def __init__(self, up_to: int, wait: float, *, must: bool) -> None:
        """Groups of `up_to` runs, which wait so many seconds for each other.

        A run that gains nothing is sent away to train by itself, unless all `must` be trained at once.
        """
        self._up_to, self._wait, self._must = up_to, wait, must
        self._groups: dict[str, _Group] = {}
        self._lock = threading.Lock()
        self._workers: list[multiprocessing.process.BaseProcess] = []
        self.came = threading.Event()  # set when the first run has come

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Inside, runs are taken on; gives the address. Workers that still train at the end are ended.

        Raises TrainerError where there is no place for the address.
        """
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="sacred-grove-"))
                address = str(Path(folder) / "trainer")
                listener = stack.enter_context(Listener(address, "AF_UNIX", backlog=BACKLOG))
            except OSError as error:
                raise TrainerError(
                    f"{tempfile.gettempdir()}: runs cannot reach a trainer here ({error}); "
                    "set TMPDIR to a folder with a short path that can be written"
                ) from error
            stack.callback(self._end)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
            yield address

    def _accept(self, listener: Listener) -> None:
        with suppress(OSError):  # when nobody listens any more
            while True:
                connection = listener.accept()
                with suppress(EOFError, OSError):  # a run that has ended at once
                    self._take(connection)

    def _take(self, connection: Connection) -> None:
        config, device, cards = connection.recv()
        self.came.set()
        try:
            settings = TrainSettings.from_config(config)
            check_alone(settings)
        except SettingsError as error:
            connection.send(("refused" if self._must else "alone", str(error)))
            return
        if device == "cpu" and not self._must:
            connection.send(("alone", ON_A_CPU))
            return
        key = json.dumps([{**config, "seed": None}, cards], sort_keys=True)
        with self._lock:
            if key in self._groups and settings.seed in self._groups[key].seeds:
                self._begin(key)
            group = self._groups.setdefault(key, _Group(cards))
            group.runs.append((connection, settings))
            if len(group.runs) == self._up_to:
                self._begin(key)
            elif group.timer is None:
                group.timer = threading.Timer(self._wait, self._time_is_up, (key, group))
                group.timer.daemon = True
                group.timer.start()

    def _time_is_up(self, key: str, group: _Group) -> None:
        with self._lock:
            if self._groups.get(key) is group:
                self._begin(key)

    def _begin(self, key: str) -> None:
        """Train the runs of a group."""
        group = self._groups.pop(key)
        if group.timer is not None:
            group.timer.cancel()
        if len(group.runs) == 1 and not self._must:
            with suppress(OSError):  # it has ended while it waited
                group.runs[0][0].send(("alone", NOBODY_ELSE))
        else:
            worker = multiprocessing.get_context("spawn").Process(
                target=train_group, args=(group.runs, group.cards), kwargs={"must": self._must}, daemon=True
            )
            worker.start()
            self._workers.append(worker)
        for connection, _ in group.runs:
            connection.close()

    def _end(self) -> None:
        with self._lock:
            for worker in self._workers:
                worker.terminate()
                worker.join()
