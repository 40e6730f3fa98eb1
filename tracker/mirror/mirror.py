"""One run, copied to a MongoDB in the background while it goes."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from tracker.errors import StoreError, TrackerError
from tracker.settings import store_address

if TYPE_CHECKING:
    from tracker.mirror.copy import Copy
    from tracker.mirror.server import Server

WAIT = 1.0  # seconds that the start of a run waits for the server
PAUSE = 2.0  # seconds between two copies
LONGEST_PAUSE = 10.0  # seconds between two attempts when the server is away
HURRY = 0.2  # seconds between two attempts at the end of a run


def open_mirror(address: str) -> Mirror:
    """The way to the server, which was asked whether it takes this run.

    Raises StoreError where it refuses for good: wrong password, no right to write, no database in the
    address, too old. One that does not answer within a second is looked for later: `absent` says so.
    """
    mirror = Mirror(address)
    mirror.wait()
    return mirror


class Mirror:
    """Copies a run's folder as it grows; whatever happens on the way costs the run neither time nor data."""

    def __init__(self, address: str) -> None:
        from tracker.mirror.server import server_at

        self.highest_id = 0  # of the runs in the database, where it answered in time
        self._address = address
        self.absent = ""  # a sentence for the user, where it did not
        self._server: Server = server_at(address)
        self._copy: Copy | None = None
        self._refusal: StoreError | None = None
        self._trouble = ""
        self._is_ready = False  # the server was asked whether it takes runs
        self._heard, self._finished = threading.Event(), threading.Event()
        self._wake, self._ending, self._closing = threading.Event(), threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="tracker-mirror", daemon=True)
        self._thread.start()

    def wait(self, seconds: float = WAIT) -> None:
        """Waits for the server's first word. Raises StoreError where that is a refusal."""
        heard = self._heard.wait(seconds)
        if self._refusal:
            self._close()
            raise self._refusal
        if not heard:
            self.absent = (
                f"{self._server.shown} does not answer: the run is recorded in its folder, copied when the "
                "server comes, or later by `tracker push`."
            )

    def follow(self, folder: Path) -> None:
        """Begins to copy the run in this folder."""
        from tracker.mirror.copy import Copy

        self._copy = Copy(folder, self._server.database)
        self._wake.set()

    def finish(self, patience: float = 10.0) -> str:
        """Copies the rest of a run that has ended; no copy is begun after that.

        Returns "" when all is there, or after `patience` seconds a sentence that names what to do.
        """
        if self._copy is None:
            self._close()
            return ""
        self._ending.set()
        self._wake.set()
        # one that never answered is not waited for, as its run would only seem to hang
        finished = self._finished.wait(patience if self._is_ready else min(patience, WAIT))
        self._close()
        return "" if finished else self.left()

    def left(self) -> str:
        """A sentence that names the command for what was not copied, in case that was interrupted."""
        if self._copy is None:
            return ""
        folder = self._copy.folder
        trouble = self._trouble or ("" if self._is_ready else "it does not answer")
        why = f" ({trouble})" if trouble else ""
        command = f"tracker push {folder.name} --from {shlex.quote(str(folder.parent))}"
        return (
            f"Run {folder.name} is not wholly in {self._server.shown} yet{why}; its folder has all, and "
            f"`{command}{self._target()}` brings the rest."
        )

    def _target(self) -> str:
        """The option of push that names this server, where it does not go there by itself."""
        try:
            if store_address() == self._address:
                return ""
        except TrackerError:  # a settings file that this run did not need
            pass
        # what may hold a password is not printed
        return (
            f" --to {shlex.quote(self._address)}" if self._address == self._server.shown else " --to ADDRESS"
        )

    def _close(self) -> None:
        """The thread closes the connections itself, as that may take long when a server hangs."""
        self._closing.set()
        self._wake.set()

    def _work(self) -> None:
        pause = 0.0
        while not self._closing.is_set():
            self._wake.wait(pause)
            self._wake.clear()
            failed = not self._closing.is_set() and not self._attempt()
            pause = min(max(2 * pause, HURRY), LONGEST_PAUSE) if failed else PAUSE
            if failed and self._ending.is_set():
                pause = HURRY
        self._server.close()

    def _attempt(self) -> bool:
        """One copy of what is new; whether it came through."""
        from bson.errors import BSONError
        from pymongo.errors import PyMongoError

        ending = self._ending.is_set()
        try:
            self._advance(ending)
        except StoreError as error:
            self._refuse(error)
        # a value that BSON does not take, a file that cannot be read: of this run alone
        except (PyMongoError, BSONError, OSError, OverflowError) as error:
            self._note(error)
        else:
            self._trouble = ""
            if ending and self._copy is not None:
                self._finished.set()
            return True
        return False

    def _advance(self, ending: bool) -> None:
        if not self._is_ready:
            self.highest_id = self._server.prepare()
            self._is_ready = True
            self._heard.set()
        if self._copy is not None:
            self._copy.advance(whole=ending)

    def _refuse(self, error: StoreError) -> None:
        self._note(error)
        if not self._is_ready:
            self._refusal = error
            self._heard.set()

    def _note(self, error: Exception) -> None:
        from tracker.mirror.server import reason

        self._trouble = reason(error)
