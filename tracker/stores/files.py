"""Runs in a folder, one sub-folder each: our journals, and what Sacred's FileStorageObserver writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from tracker.journal.folders import run_names
from tracker.journal.layout import JOURNAL, POINTS, is_run_name
from tracker.journal.reader import journaled_values, metric_names, read_points, read_record, read_values
from tracker.journal.signs import other_times, point_times
from tracker.progress import progress
from tracker.run import Run, Series, reduced
from tracker.stores.artifacts import lost, place_of, places
from tracker.stores.base import id_from, id_order, unknown_run
from tracker.stores.index import Index, Number
from tracker.stores.record import is_hidden, run_from, series_of


class FileStore:
    """The runs of a folder; the folder need not be there until the first run is."""

    def __init__(self, address: str, index: Index | None = None) -> None:
        self.address = address
        self._folder = Path(address).expanduser()
        self._index = index or Index(self._folder)
        self._names()  # a path that can never be a store is refused before anything is asked of it

    def runs(self) -> Iterator[Run]:
        names = self._names()
        for name in sorted(names, key=lambda name: id_order(id_from(name))):
            run = self._index.run(name, self._read)
            if run is not None:
                yield run
        self._index.keep(names)

    def run(self, id: int | str) -> Run:
        wanted = id_from(str(id))
        found = self._read(str(wanted))[0] if is_run_name(str(wanted)) else None
        if found is None:
            raise unknown_run(wanted, [run.id for run in self.runs()], self.address)
        return found

    def metrics(self, run: Run) -> tuple[str, ...]:
        return metric_names(self._folder / str(run.id))

    def series(self, run: Run, name: str) -> Series:
        return series_of(name, read_points(self._folder / str(run.id), name))

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        read = partial(self._reduced, name=name, reduction=reduction)
        found = {
            run.id: number
            for run, (number, last_step) in self._index.numbers(runs, name, reduction, read)
            if number is not None and not is_hidden(run, name, last_step, reduction)
        }
        self._index.keep()
        return found

    def artifacts(self, run: Run) -> tuple[str, ...]:
        return tuple(self._artifacts(run))

    def artifact(self, run: Run, name: str) -> IO[bytes]:
        file = str(place_of(run, name, self._artifacts(run)))
        try:
            # a record may come from anywhere, and its files lie in the run's folder alone
            return (self._folder / str(run.id) / Path(file).name).open("rb")
        except (OSError, ValueError) as error:
            raise lost(run, name) from error

    def _artifacts(self, run: Run) -> Mapping[str, Any]:
        record = read_record(self._folder / str(run.id))
        return places(record.document, "file") if record else {}

    def _names(self) -> list[str]:
        return run_names(self._folder, missing_ok=True)

    def _read(self, name: str) -> tuple[Run | None, bool]:
        """The run, and whether it was read from the files that stand for it: a journal before Sacred's."""
        record = read_record(self._folder / name)
        if record is None:
            return None, False
        run = run_from({**record.document, "_id": record.id}, filter(None, [record.fault]))
        going = self._going(run) if run.status == "RUNNING" else run
        return going, record.journaled or self._is_without(name, JOURNAL)

    def _going(self, run: Run) -> Run:
        """The run with what tells whether it still gets on."""
        folder, begun = self._folder / str(run.id), filter(None, [run.started])
        return replace(run, progress=progress(point_times(folder), [*begun, *other_times(folder)]))

    def _reduced(self, run: Run, name: str, reduction: str) -> tuple[Number, bool]:
        """The number, and whether nothing can have kept the metric from being read."""
        folder = self._folder / str(run.id)
        journaled = journaled_values(folder, name)
        values, last_step = journaled or read_values(folder, name)
        sure = bool(journaled) or (bool(values) and self._is_without(str(run.id), POINTS))
        return (reduced(values, reduction), last_step), sure

    def _is_without(self, name: str, file: str) -> bool:
        return not (self._folder / name / file).exists()
