"""What a run prints, handed to two readers: the journal, and Sacred for the other observers."""

from __future__ import annotations

import codecs
import contextlib
import os
import sys
import threading
from collections import deque
from typing import Any

CHUNK = 1 << 20  # bytes of output read at once


class TextQueue:
    """In place of the StringIO that `-C sys` writes to.

    There one position serves the writer and the reader, so that a line printed while another thread reads may
    overwrite what is not read yet; and the whole output stays in memory.
    """

    def __init__(self) -> None:
        self.closed = False
        self._pieces: deque[str] = deque()

    def write(self, text: str) -> None:
        self._pieces.append(text)

    def flush(self) -> None:
        """There is nothing between a write and a read."""

    def close(self) -> None:
        self.closed = True

    def read(self, *, last: bool = False) -> str:  # noqa: ARG002  # what was written is always whole text
        return "".join(self._pieces.popleft() for _ in range(len(self._pieces)))


class FileTail:
    """The file that `-C fd` writes to, read by bytes: a byte that is no UTF-8 costs itself.

    Sacred reads it as strict text, where such a byte ends its heartbeat and then fails the run.
    """

    def __init__(self, file: Any) -> None:
        self._file, self._offset = file, 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, *, last: bool = False) -> str:
        if not last:
            _flush_python()  # else its lines come by the 8 kB when nobody watches
        pieces = []
        while data := os.pread(self._file.fileno(), CHUNK, self._offset):
            self._offset += len(data)
            pieces.append(self._decoder.decode(data))
        if last:
            pieces.append(self._decoder.decode(b"", final=True))
        return "".join(pieces)

    def close(self) -> None:
        self._file.close()


class Captured:
    """In place of Sacred's CapturedStdout: `get` for Sacred, `take` for the journal, also after the end.

    Sacred reads its own once more after the run only if all went well, so that the last lines of a run that
    failed or was interrupted are lost, and with `-C fd` those of any run.
    """

    def __init__(self, buffer: Any) -> None:
        self._source: TextQueue | FileTail = buffer if isinstance(buffer, TextQueue) else FileTail(buffer)
        self._lock = threading.Lock()
        self._for_sacred: list[str] | None = []
        self._for_journal: list[str] | None = None
        self.closed = False

    def divert(self, *, also_to_sacred: bool) -> None:
        """From now on the journal takes the output; Sacred only where it has observers to tell."""
        with self._lock:
            self._for_journal = []
            if not also_to_sacred:
                self._for_sacred = None

    def get(self) -> str:
        """What is new for Sacred."""
        with self._lock:
            self._pull()
            return _emptied(self._for_sacred)

    def take(self) -> str:
        """What is new for the journal."""
        with self._lock:
            self._pull()
            return _emptied(self._for_journal)

    def finalize(self) -> None:
        """Read to the end and let go of the source; Sacred calls it when it stops capturing."""
        with self._lock:
            self._pull(last=True)
            self.closed = True
            self._source.close()

    def _pull(self, *, last: bool = False) -> None:
        if self.closed or not (text := self._source.read(last=last)):
            return
        for reader in (self._for_sacred, self._for_journal):
            if reader is not None:
                reader.append(text)


def _emptied(pieces: list[str] | None) -> str:
    text = "".join(pieces or ())
    if pieces:
        pieces.clear()
    return text


def _flush_python() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # absent, closed, or cannot be written
            stream.flush()
