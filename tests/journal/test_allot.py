"""Numbers for runs: each once, one after the other, from many processes at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracker.errors import StoreError
from tracker.journal.allot import allot, highest_id
from tracker.journal.layout import LAST_ID

ALLOT = (
    "import sys, pathlib; from tracker.journal.allot import allot; sys.stdin.read(1); "
    "print(allot(pathlib.Path(sys.argv[1]))[0])"
)


def test_sixteen_processes_at_once_get_sixteen_numbers_in_a_row(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ALLOT, str(tmp_path / "runs")]
    pipe, root = subprocess.PIPE, Path(__file__).parents[2]
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=root) for _ in range(16)]
    for process in processes:
        assert process.stdin
        process.stdin.write("!")
        process.stdin.flush()
    found = [int(process.communicate()[0]) for process in processes]
    assert sorted(found) == list(range(1, 17))
    assert (tmp_path / "runs" / LAST_ID).read_text() == "16\n"


def test_the_number_of_a_deleted_run_is_not_given_again(tmp_path: Path) -> None:
    for _ in range(2):
        _, folder = allot(tmp_path)
    folder.rmdir()
    assert allot(tmp_path) == (3, tmp_path / "3")


def test_numbers_go_on_after_all_folders_and_after_what_a_server_has(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "best of all").mkdir()
    (tmp_path / "9").write_text("a file")
    assert allot(tmp_path)[0] == 10
    assert allot(tmp_path, at_least=40)[0] == 41
    assert allot(tmp_path, at_least=3)[0] == 42


@pytest.mark.parametrize("content", ["", "many\n", "²\n", "-3\n", "9" * 30, "\xff"])
def test_a_last_number_that_is_none_is_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / LAST_ID).write_text(content, encoding="latin-1")
    assert allot(tmp_path)[0] == 1
    assert (tmp_path / LAST_ID).read_text() == "1\n"


def test_a_wanted_number_is_given_and_the_next_comes_after_it(tmp_path: Path) -> None:
    assert allot(tmp_path, wanted=7) == (7, tmp_path / "7")
    assert allot(tmp_path, wanted=0)[0] == 0
    assert allot(tmp_path)[0] == 8


def test_a_wanted_number_that_is_taken_is_refused(tmp_path: Path) -> None:
    allot(tmp_path, wanted=7)
    with pytest.raises(StoreError, match=f"run 7 is already in {re.escape(str(tmp_path))}: ask for another"):
        allot(tmp_path, wanted=7)
    with pytest.raises(StoreError, match="Run -1 cannot be"):
        allot(tmp_path, wanted=-1)


@pytest.mark.parametrize("wanted", [None, 7])
def test_a_store_that_is_a_file_is_refused(tmp_path: Path, wanted: int | None) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file is a file: give a folder"):
        allot(tmp_path / "file", wanted)
    with pytest.raises(StoreError, match=r"runs lies below a file: give a folder"):
        allot(tmp_path / "file" / "runs", wanted)


def test_a_store_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(StoreError, match=r"/proc/runs: runs cannot be written here \(.+\): mend that, or"):
        allot(Path("/proc/runs"))
    with pytest.raises(StoreError, match=r"/proc: runs cannot be written here \(.+\): mend that, or"):
        allot(Path("/proc"))


def test_the_highest_number_of_a_store_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert highest_id(tmp_path / "runs") == 0
