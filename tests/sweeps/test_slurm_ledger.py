"""The list of Slurm jobs beside the logs, and what jobs tell of their runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sweeps.engines.slurm_ledger import Placed, add, placed, remove
from sweeps.engines.slurm_notes import ENDED, STARTED, Note, read_notes, write_note
from tracker.errors import LaunchError

ADD = """
import sys
from pathlib import Path
from sweeps.engines.slurm_ledger import Placed, add
for number in range(50):
    add(Path(sys.argv[1]), {f"{sys.argv[2]}{number}": Placed(str(number), "sweep-1", "log")})
"""


def test_what_is_added_is_there_until_it_is_removed(tmp_path: Path) -> None:
    runs = {key: Placed(f"1_{key}", "sweep-1", "log") for key in "ab"}

    add(tmp_path, runs)
    assert placed(tmp_path) == runs
    remove(tmp_path, {"a": runs["a"]})

    assert placed(tmp_path) == {"b": runs["b"]}


def test_a_run_that_was_placed_anew_is_kept(tmp_path: Path) -> None:
    old, new = Placed("1", "sweep-1", "log"), Placed("2", "sweep-2", "log")
    add(tmp_path, {"a": new})
    remove(tmp_path, {"a": old})
    assert placed(tmp_path) == {"a": new}


def test_launchers_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    begun = [
        subprocess.Popen((sys.executable, "-c", ADD, str(tmp_path), name), env=os.environ) for name in "abc"
    ]
    assert [process.wait(60) for process in begun] == [0, 0, 0]
    assert len(placed(tmp_path)) == 150


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}', '{"a": {"job": "1"}}'])
def test_a_list_that_cannot_be_read_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "jobs.json").write_text(text)
    with pytest.raises(LaunchError, match=r"jobs\.json: the list of Slurm jobs cannot be read"):
        placed(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="name a folder with --logs"):
        placed(tmp_path / "missing")


def test_the_last_note_of_each_run_is_read(tmp_path: Path) -> None:
    write_note(tmp_path, "1_0", "a", Note(STARTED, "s", "job 1_0 on n1"))
    write_note(tmp_path, "1_0", "a", Note(ENDED, "s", "job 1_0 on n1", 0, 1.5))
    write_note(tmp_path, "1_1", "b", Note(STARTED, "t", "job 1_1 on n2"))
    (tmp_path / "1_2.c.json").write_text("half")

    assert read_notes(tmp_path, [("1_0", "a"), ("1_2", "c"), ("1_3", "d")]) == {
        ("1_0", "a"): Note(ENDED, "s", "job 1_0 on n1", 0, 1.5)
    }
    assert read_notes(tmp_path / "missing", [("1_0", "a")]) == {}
