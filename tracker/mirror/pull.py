"""Runs of a MongoDB, brought into a folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.errors import ConnectionFailure, PyMongoError

from tracker.errors import StoreError
from tracker.journal.allot import allot
from tracker.journal.identity import run_uuid
from tracker.journal.layout import RESOURCES, SOURCES, is_run_name
from tracker.journal.moments import utc
from tracker.journal.parts import part_count
from tracker.journal.reader import Record, read_record
from tracker.mirror.document import heartbeat_of
from tracker.mirror.fetch import Fetch
from tracker.mirror.rebuild import Rebuild
from tracker.mirror.run_document import GOING
from tracker.mirror.server import server_at
from tracker.mirror.transfer import Report, Transfer, chosen, run_folders, silent
from tracker.run import Series
from tracker.stores.base import id_from
from tracker.stores.mongo import MongoStore


def pull(address: str, store: Path, runs: Sequence[str] = (), report: Report = silent) -> list[Transfer]:
    """Writes the named runs, or all, into the folder, as if they had been recorded there.

    A run that is there already stays, unless it was pulled while it went, and has gone on since. Raises
    StoreError where the folder or the server cannot be used, or a run is unknown.
    """
    source = MongoStore(address)
    known = [str(run.id) for run in source.runs()]
    wanted = chosen(runs, known, source.address)
    server = server_at(address)
    try:
        with _only_one(store):
            pulling = _Pulling(source, server.database, store, _uuids(store))
            done: list[Transfer] = []
            for name in wanted:
                done.append(pulling.pulled(id_from(name)))
                report(done[-1], len(done), len(wanted))
        return done
    finally:
        server.close()


@contextmanager
def _only_one(store: Path) -> Iterator[None]:
    """Two at once would both bring what is missing; the second waits for the first."""
    try:
        store.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(store, os.O_RDONLY)
    except (FileExistsError, NotADirectoryError) as error:
        raise StoreError(f"{store} is a file: name the folder that the runs belong in.") from error
    except OSError as error:
        raise StoreError(
            f"{store} cannot be written ({error.strerror}): check its permissions, or name another folder."
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _uuids(store: Path) -> dict[str, Record]:
    records = (read_record(store / name) for name in run_folders(store))
    return {run_uuid({**record.document, "_id": record.id}): record for record in records if record}


@dataclass(slots=True)
class _Pulling:
    source: MongoStore
    database: Any
    store: Path
    known: dict[str, Record]  # by identity

    def pulled(self, id: int | str) -> Transfer:
        name = str(id)
        try:
            document = self.database["runs"].find_one({"_id": id}) or self.database["runs"].find_one(
                {"_id": name}
            )
            if document is None:
                return Transfer(name, trouble="it was deleted from the database meanwhile")
            uuid = run_uuid(document)
            local = self.known.get(uuid)
            if local and not _has_gone_on(local, document):
                return Transfer(name, local.folder.name)
            return Transfer(name, self._arrived(uuid, document, local), written=True)
        except ConnectionFailure as error:
            raise StoreError(
                f"{self.source.address} answers no more: run {name} and those after it are not pulled; "
                "repeat the command when it is back."
            ) from error
        except PyMongoError as error:
            return Transfer(name, trouble=f"{self.source.address}: {type(error).__name__}")
        except StoreError as error:
            return Transfer(name, trouble=str(error))
        except OSError as error:
            return Transfer(name, trouble=f"{self.store} cannot be written ({error.strerror})")

    def _arrived(self, uuid: str, document: Mapping[str, Any], local: Record | None) -> str:
        """Builds the run beside the others, then gives it its place in one step."""
        unfinished = self.store / f".pull-{uuid}"
        shutil.rmtree(unfinished, ignore_errors=True)  # of one that was killed
        try:
            self._build(unfinished / "run", uuid, document)
            for kind in (SOURCES, RESOURCES):
                _move_new(unfinished / kind, self.store / kind)
            target = local.folder if local else self._place(document["_id"])
            if local:
                target.rename(unfinished / "before")
            (unfinished / "run").rename(target)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return target.name

    def _build(self, folder: Path, uuid: str, document: Mapping[str, Any]) -> None:
        fetched = Fetch(self.database, folder.parent / "files").files(document)
        output = str(document.get("captured_out") or "")
        if fetched.output:
            output = fetched.output.read_bytes().decode(errors="replace")
        Rebuild(folder, uuid, document).write(fetched, self._series(document["_id"]), output)

    def _series(self, id: int | str) -> Iterator[Series]:
        return self.source.all_series(self.source.run(id))

    def _place(self, id: int | str) -> Path:
        """A new folder of the run's own name where that is free, else of the next number."""
        if not is_run_name(str(id)) or (self.store / str(id)).exists():
            return allot(self.store)[1]
        if isinstance(id, int) and id >= 0:
            return allot(self.store, id)[1]
        folder = self.store / str(id)
        folder.mkdir()
        return folder


def _has_gone_on(local: Record, document: Mapping[str, Any]) -> bool:
    """A run that goes on here is never behind the server, so that the one here was pulled before."""
    if local.journaled and part_count(_facts(document)) > part_count(_facts(local.document)):
        return True
    if not local.journaled or local.document.get("status") not in GOING:
        return False
    here, there = utc(local.document.get("heartbeat")), heartbeat_of(document)
    return document.get("status") not in GOING or bool(there and (here is None or there > here))


def _facts(document: Mapping[str, Any]) -> Mapping[str, Any]:
    info = document.get("info")
    facts = info.get("tracker") if isinstance(info, Mapping) else None
    return facts if isinstance(facts, Mapping) else {}


def _move_new(source: Path, target: Path) -> None:
    for path in source.iterdir() if source.exists() else ():
        target.mkdir(exist_ok=True)
        if not (target / path.name).exists():
            path.rename(target / path.name)
