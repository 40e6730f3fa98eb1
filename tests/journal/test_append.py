"""A file that is only appended to: every byte once, whatever the disk says."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tracker.journal.append import AppendFile

Limit = Callable[[int], AbstractContextManager[None]]


def test_what_is_queued_comes_with_the_flush(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file")
    file.write(b"one\n")
    file.write(b"")
    file.write(b"two\n")
    assert (file.path.read_bytes(), file.waiting) == (b"", 8)
    file.flush()
    assert (file.path.read_bytes(), file.waiting, file.trouble) == (b"one\ntwo\n", 0, "")


def test_a_file_that_is_opened_again_goes_on(tmp_path: Path) -> None:
    for line in (b"one\n", b"two\n"):
        file = AppendFile(tmp_path / "file")
        file.write(line)
        file.close()
    file.write(b"three\n")
    file.close()
    assert file.path.read_bytes() == b"one\ntwo\nthree\n"


def test_a_line_that_was_left_torn_is_ended_first(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"one\ntw")
    file = AppendFile(tmp_path / "file")
    file.write(b"three\n")
    file.close()
    assert file.path.read_bytes() == b"one\ntw\nthree\n"


def test_a_full_disk_loses_nothing_and_a_short_write_goes_on_at_its_byte(
    tmp_path: Path, files_up_to: Limit
) -> None:
    file = AppendFile(tmp_path / "file")
    with files_up_to(10):
        file.write(b"0123456\n")
        file.flush()
        file.write(b"abcdefg\n")
        file.flush()
        assert file.trouble == f"file cannot be written ({os.strerror(errno.EFBIG)})"
        assert (file.path.read_bytes(), file.rest()) == (b"0123456\nab", b"cdefg\n")
        file.write(b"later\n")
        file.flush()
    assert file.waiting == 12
    file.flush()
    assert file.path.read_bytes() == b"0123456\nabcdefg\nlater\n"
    assert (file.trouble, file.waiting) == ("", 0)


def test_a_device_without_room_is_told_in_its_own_words() -> None:
    file = AppendFile(Path("/dev/full"))
    file.write(b"one\n")
    file.flush()
    assert (file.trouble, file.waiting) == ("full cannot be written (No space left on device)", 4)


def test_a_file_that_cannot_be_opened_yet_is_opened_when_it_can(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "later" / "file")
    file.write(b"one\n")
    file.flush()
    assert file.trouble == "file cannot be written (No such file or directory)"
    file.path.parent.mkdir()
    file.path.write_bytes(b"torn")
    file.sync()
    file.flush()
    assert (file.path.read_bytes(), file.trouble) == (b"torn\none\n", "")


def test_a_write_that_an_interrupt_cut_off_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.pwrite

    def interrupted(descriptor: int, data: memoryview, place: int) -> int:
        real(descriptor, data, place)
        raise KeyboardInterrupt  # as a signal does between the write and the note that it was made

    file = AppendFile(tmp_path / "file")
    file.write(b"one\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", interrupted)
        with pytest.raises(KeyboardInterrupt):
            file.flush()
    file.write(b"two\n")
    file.flush()
    assert file.path.read_bytes() == b"one\ntwo\n"


def test_a_failing_disk_is_told_and_what_was_written_is_not_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(descriptor: int, data: memoryview, place: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    file = AppendFile(tmp_path / "file")
    file.write(b"one\n")
    file.flush()
    file.write(b"two\n")
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", broken)
        file.flush()
    assert file.trouble == "file cannot be written (Input/output error)"
    file.flush()
    assert file.path.read_bytes() == b"one\ntwo\n"


def test_what_is_forgotten_is_not_written(tmp_path: Path) -> None:
    file = AppendFile(tmp_path / "file")
    file.write(b"one\n")
    file.forget()
    file.close()
    assert (file.path.read_bytes(), file.rest()) == (b"", b"")
