"""A file that is only ever appended to, through short writes and full disks."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path


class AppendFile:
    """Whole lines go in, and stay queued until the system has taken every byte of them; one writer only.

    Every byte has its place in the file, given when it is queued: to write it again, after an error or an
    interrupt in the middle of a write, changes nothing. A line that an earlier writer left torn is ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""  # what went wrong at the last attempt, "" when nothing did
        self._queue: deque[tuple[int, bytes]] = deque()  # where each begins in the file
        self._written = -1  # bytes that the system has taken; unknown until the file is open
        self._descriptor = -1
        try:
            self._open()
        except OSError as error:
            self._note(error)

    @property
    def waiting(self) -> int:
        """Bytes that are not written yet."""
        return self.end - max(self._written, 0)

    @property
    def end(self) -> int:
        """The byte of the file at which what is queued next begins."""
        if not self._queue:
            return max(self._written, 0)
        place, data = self._queue[-1]
        return place + len(data)

    def write(self, data: bytes) -> None:
        """Queues whole lines."""
        if data:
            self._queue.append((self.end, data))

    def flush(self) -> None:
        """Hands everything queued to the system; what it does not take stays queued, and `trouble` tells."""
        try:
            if self._queue:
                self._open()
                self._write_all()
                self.trouble = ""
        except OSError as error:
            self._note(error)

    def sync(self) -> None:
        """Waits until the disk has what was flushed; `trouble` tells if it has not."""
        try:
            self._open()
            os.fsync(self._descriptor)
        except OSError as error:
            self._note(error)

    def close(self) -> None:
        """Flushes, then gives the file back to the system; a later flush opens it again."""
        self.flush()
        self._close()

    def rest(self) -> bytes:
        """What is not written yet: it belongs at the end of the file."""
        return self._joined()

    def forget(self) -> None:
        """Drops what is queued, because it was put elsewhere."""
        self._queue.clear()

    def _joined(self) -> bytes:
        if not self._queue:
            return b""
        done = max(self._written, 0) - self._queue[0][0]
        return b"".join([data for _, data in self._queue])[done:]

    def _write_all(self) -> None:
        rest = memoryview(self._joined())
        while rest:
            count = os.pwrite(self._descriptor, rest, self._written)
            self._written += count
            rest = rest[count:]
        while self._queue and self._queue[0][0] + len(self._queue[0][1]) <= self._written:
            self._queue.popleft()

    def _open(self) -> None:
        if self._descriptor < 0:
            self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if self._written < 0:
            self._take_over(os.fstat(self._descriptor).st_size)

    def _take_over(self, size: int) -> None:
        """Begins after what is there, on a line of its own."""
        torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"
        waiting = [b"\n"] * torn + [data for _, data in self._queue]
        self._queue.clear()
        self._written = size
        for data in waiting:
            self.write(data)

    def _note(self, error: OSError) -> None:
        self.trouble = f"{self.path.name} cannot be written ({error.strerror})"
        self._close()  # a server that comes back may need the file opened anew

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            try:
                os.close(descriptor)
            except OSError as error:
                self.trouble = f"{self.path.name} cannot be written ({error.strerror})"
