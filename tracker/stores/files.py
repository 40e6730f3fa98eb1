"""Runs in a folder, one sub-folder each, as Sacred's FileStorageObserver writes them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.run import Run, Series, reduced
from tracker.stores.base import id_from, id_order, unknown_run
from tracker.stores.folder import (
    CONFIG,
    INFO,
    METRICS,
    RUN,
    check_end,
    is_name,
    read,
    read_if_there,
)
from tracker.stores.record import run_from, series_from, values_from


class FileStore:
    """The runs of a folder; the folder need not be there until the first run is."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._folder = Path(address).expanduser()
        self._names()  # a path that can never be a store is refused before anything is asked of it

    def runs(self) -> Iterator[Run]:
        for id in self._ids():
            run = self._read(id)
            if run is not None:
                yield run

    def run(self, id: int | str) -> Run:
        wanted = id_from(str(id))
        found = self._read(wanted) if is_name(str(wanted)) else None
        if found is None:
            raise unknown_run(wanted, self._ids(), self.address)
        return found

    def metrics(self, run: Run) -> tuple[str, ...]:
        return tuple(sorted(self._metrics(run)))

    def series(self, run: Run, name: str) -> Series:
        return series_from(name, _parts(self._metrics(run), name))

    def values(self, runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        numbers = {run.id: reduced(values_from(_parts(self._metrics(run), name)), reduction) for run in runs}
        return {id: number for id, number in numbers.items() if number is not None}

    def _names(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                return [entry.name for entry in entries if is_name(entry.name) and entry.is_dir()]
        except FileNotFoundError:
            return []
        except NotADirectoryError as error:
            raise StoreError(f"{self.address} is a file: name the folder that holds the runs.") from error
        except OSError as error:
            raise StoreError(
                f"{self.address} cannot be read ({error.strerror}): check the path with its permissions, "
                "or name another folder."
            ) from error

    def _ids(self) -> list[int | str]:
        found = [id_from(name) for name in self._names() if (self._folder / name / RUN).exists()]
        return sorted(found, key=id_order)

    def _read(self, id: int | str) -> Run | None:
        folder = self._folder / str(id)
        if not (folder / RUN).exists():
            return None
        record, config, info = read(folder / RUN), read(folder / CONFIG), read_if_there(folder / INFO)
        faults = (record.fault, config.fault, info.fault, check_end(folder / METRICS))
        told = record.content if not record.fault else _caught_writing(folder / RUN)
        document = {**told, "_id": id, "config": config.content, "info": info.content}
        return run_from(document, filter(None, faults))

    def _metrics(self, run: Run) -> Mapping[str, Any]:
        return read_if_there(self._folder / str(run.id) / METRICS).content


def _caught_writing(path: Path) -> dict[str, Any]:
    """What an unreadable record still says: its run was alive when the file was last touched."""
    try:
        return {"status": "RUNNING", "heartbeat": datetime.fromtimestamp(path.stat().st_mtime, UTC)}
    except OSError:
        return {}


def _parts(metrics: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    return [metrics[name]] if isinstance(metrics.get(name), dict) else []
