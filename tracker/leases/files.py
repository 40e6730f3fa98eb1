"""Leases in a folder beside the runs: one file each, changed under one lock."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tracker.errors import StoreError
from tracker.journal.atomic import replacing
from tracker.journal.layout import LEASES
from tracker.leases.base import Holder, Lease, Outcome
from tracker.leases.records import checked, document, lease_from, unreadable
from tracker.leases.steps import is_given, is_held_as, renewed, settled, stands, taken

LOCK = ".lock"
ENDING = ".json"
PATIENCE = 10.0  # seconds to wait for the lock, which nobody needs for more than a moment
PAUSE = 0.005  # seconds between two attempts at it

_TAKEN = (errno.EAGAIN, errno.EACCES)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class FileLeases:
    """The leases of one folder of runs; a file is whole at every moment, the old one or the new one."""

    def __init__(self, address: str, patience: float = PATIENCE) -> None:
        self._folder = Path(address).expanduser() / LEASES
        self._patience = patience

    def leases(self, keys: Iterable[str] | None = None) -> dict[str, Lease]:
        names = self._keys() if keys is None else [checked(key) for key in dict.fromkeys(keys)]
        found = ((key, self._read(key)) for key in names)
        return {key: lease for key, lease in found if lease is not None}

    def take(self, key: str, seen: Lease | None, holder: Holder, details: Mapping[str, Any]) -> Lease | None:
        lease = taken(checked(key), seen, holder, details)
        with self._changing():
            stored = self._read(key)
            if stands(stored, seen):
                self._write(lease)
                return lease
        return stored if is_given(stored, lease) else None

    def renew(self, lease: Lease) -> Lease | None:
        with self._changing():
            stored = self._read(lease.key) or lease  # somebody has removed the file, which ends nothing
            if not is_held_as(stored, lease):
                return None
            changed = renewed(stored)
            self._write(changed)
            return changed

    def settle(self, lease: Lease, outcome: Outcome) -> None:
        with self._changing():
            stored = self._read(lease.key) or lease
            if is_held_as(stored, lease):
                self._write(settled(stored, outcome))

    def ask_to_stop(self, keys: Iterable[str]) -> None:
        with self._changing():
            for lease in self.leases(keys).values():
                if lease.outcome is None:
                    self._write(replace(lease, stop=True))

    # ----- files

    def _keys(self) -> list[str]:
        try:
            with os.scandir(self._folder) as entries:
                names = [entry.name for entry in entries]
        except (FileNotFoundError, NotADirectoryError):  # what is a file is for the store to refuse
            return []
        except OSError as error:
            raise self._refused(error) from error
        return sorted(name.removesuffix(ENDING) for name in names if name.endswith(ENDING) and name[0] != ".")

    def _read(self, key: str) -> Lease | None:
        path = f"{self._folder}/{key}{ENDING}"
        try:
            with open(path, "rb") as file:  # noqa: PTH123 - quicker, and there are thousands
                told = json.loads(file.read())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._refused(error) from error
        except ValueError as error:
            raise unreadable(path) from error
        return lease_from(key, told, path)

    def _write(self, lease: Lease) -> None:
        try:
            with replacing(self._folder / f"{lease.key}{ENDING}") as file:
                json.dump(document(lease), file)
        except OSError as error:
            raise self._refused(error) from error

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Inside, nobody else changes a lease of this folder, on any machine that sees it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise self._refused(error) from error
        try:
            self._lock(lock)
            yield
        finally:
            os.close(lock)  # and with it goes the lock, as it does when this process dies

    def _lock(self, lock: int) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError as error:
                if error.errno not in _TAKEN:
                    raise self._refused(error) from error
                if time.monotonic() >= deadline:
                    raise self._blocked() from error
            time.sleep(PAUSE)

    def _blocked(self) -> StoreError:
        return StoreError(
            f"{self._folder / LOCK} has been locked for {self._patience:g} s: "
            "look for a process that is stopped while it holds it, and end that."
        )

    def _refused(self, error: OSError) -> StoreError:
        """What the system says, with the remedy."""
        if error.errno in _FULL:
            return StoreError(f"{self._folder} takes nothing more ({error.strerror}): free some space there.")
        if error.errno in _NO_LOCKS:
            return StoreError(
                f"{self._folder} is on a file system without locks ({error.strerror}), so that runs could be "
                "done twice: keep the runs on another one, or in a MongoDB."
            )
        return StoreError(
            f"{self._folder} cannot hold leases ({error.strerror}): check the path with its permissions."
        )
