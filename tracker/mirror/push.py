"""Runs of a folder, brought to MongoDB."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bson.errors import BSONError
from pymongo.errors import ConnectionFailure, PyMongoError, ServerSelectionTimeoutError

from tracker.errors import StoreError
from tracker.journal.reader import read_record
from tracker.mirror.copy import Copy
from tracker.mirror.files import FilesCopy
from tracker.mirror.server import Server, reason, server_at
from tracker.mirror.transfer import Report, Transfer, chosen, run_folders, silent
from tracker.stores.connection import asking

ATTEMPTS = 20  # at one step, through a connection that breaks again and again
PAUSE = 0.1  # seconds between two of them


def push(store: Path, address: str, runs: Sequence[str] = (), report: Report = silent) -> list[Transfer]:
    """Copies the named runs, or all, whoever recorded them; what is there already stays as it is.

    A run that cannot be copied is told in its Transfer. Raises StoreError, before anything is written, where
    the folder or the server cannot be used or a run is unknown, and when the server goes away for good.
    """
    names = chosen(runs, run_folders(store), str(store))
    wanted = names if runs else [name for name in names if _may_be_run(store / name)]
    server = server_at(address)
    try:
        with asking(server.shown):
            _patiently(server.prepare)
        done: list[Transfer] = []
        files = FilesCopy(server.database)
        for name in wanted:
            copy = Copy(store / name, server.database, files)
            done.append(_pushed(copy, server, f"{len(done)} of {len(wanted)} runs"))
            report(done[-1], len(done), len(wanted))
        return done
    finally:
        server.close()


def _may_be_run(folder: Path) -> bool:
    """A folder that has a number should hold a run; others are somebody's."""
    return folder.name.isdecimal() or read_record(folder) is not None


def _pushed(copy: Copy, server: Server, before: str) -> Transfer:
    folder = copy.folder
    try:
        _patiently(lambda: copy.advance(whole=True))
    except ConnectionFailure as error:
        raise StoreError(
            f"{server.shown} answers no more: {before} are there; repeat the command when it is back."
        ) from error
    except StoreError as error:
        return Transfer(folder.name, trouble=str(error))
    except OSError as error:
        return Transfer(folder.name, trouble=f"{error.filename} cannot be read ({error.strerror})")
    except (PyMongoError, BSONError, OverflowError) as error:
        return Transfer(folder.name, trouble=f"{server.shown}: {reason(error)}")
    return Transfer(folder.name, str(copy.id or folder.name), written=copy.writes > 0)


def _patiently(work: Callable[[], object]) -> None:
    """Does what can be repeated until it comes through."""
    for attempt in range(ATTEMPTS):
        try:
            work()
        except ServerSelectionTimeoutError:  # that was a long attempt
            raise
        except ConnectionFailure:
            if attempt == ATTEMPTS - 1:
                raise
            time.sleep(PAUSE)
        else:
            return
