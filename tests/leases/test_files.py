"""Leases in a folder: what is in the way, what a crash leaves."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker import open_store
from tracker.doctor.examine import examine
from tracker.errors import StoreError
from tracker.leases import open_leases
from tracker.leases.base import Holder, Lease
from tracker.leases.files import FileLeases

WRITE = """
import itertools, sys
from tracker.leases import open_leases
from tracker.leases.holder import this_process
leases = open_leases(sys.argv[1])
lease = leases.take("a", None, this_process(), {"filling": "x" * 20000})
print("held", flush=True)
while True:
    lease = leases.renew(lease)
"""


@pytest.fixture
def taken(tmp_path: Path, elsewhere: Callable[[int], Holder]) -> Lease:
    lease = open_leases(str(tmp_path)).take("a", None, elsewhere(1), {})
    assert lease is not None
    return lease


def test_reading_writes_nothing(tmp_path: Path) -> None:
    open_leases(str(tmp_path / "runs")).leases()
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"generation": 1}', '{"generation": "many"}', "\x00\x01", "{}"]
)
def test_a_torn_or_foreign_file_is_told_with_its_name(tmp_path: Path, taken: Lease, text: str) -> None:
    (tmp_path / "_leases" / "b.json").write_text(text)
    with pytest.raises(StoreError, match=r"_leases/b.json is no lease .* remove it"):
        open_leases(str(tmp_path)).leases()
    assert open_leases(str(tmp_path)).leases(["a"]) == {"a": taken}


@pytest.mark.parametrize("field", ["generation", "beats", "holder", "taken", "outcome", "details"])
def test_a_field_that_is_something_else_is_told(tmp_path: Path, taken: Lease, field: str) -> None:
    path = tmp_path / "_leases" / "a.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: 1.5}))
    with pytest.raises(StoreError, match="is no lease"):
        open_leases(str(tmp_path)).leases()


def test_kill_9_while_it_is_written_leaves_a_whole_lease(tmp_path: Path) -> None:
    for _ in range(5):
        words = [sys.executable, "-c", WRITE, str(tmp_path)]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            leases = open_leases(str(tmp_path))
            for _ in range(50):  # while it is replaced all the time
                assert leases.leases()["a"].details["filling"] == "x" * 20000
        finally:
            process.kill()
            process.communicate()
        left = leases.leases()["a"]
        (tmp_path / "_leases" / "a.json").unlink()
        assert left.generation == 1


def test_a_lease_whose_file_somebody_has_removed_is_written_again(tmp_path: Path, taken: Lease) -> None:
    (tmp_path / "_leases" / "a.json").unlink()
    leases = open_leases(str(tmp_path))
    renewed = leases.renew(taken)
    assert renewed is not None
    assert leases.leases() == {"a": renewed}


def test_a_full_disk_is_told_with_a_remedy_and_leaves_the_old_lease(tmp_path: Path, taken: Lease) -> None:
    leases = open_leases(str(tmp_path))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(StoreError, match=r"takes nothing more .* free some space"):
            leases.renew(taken)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert leases.leases() == {"a": taken}


def test_a_file_system_without_locks_is_told(
    tmp_path: Path, taken: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StoreError, match=r"file system without locks .* or in a MongoDB"):
        open_leases(str(tmp_path)).renew(taken)


def test_a_lock_that_a_stopped_process_holds_is_not_waited_for_without_end(
    tmp_path: Path, taken: Lease
) -> None:
    with (tmp_path / "_leases" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreError, match=r"has been locked for 0.05 s"):
            FileLeases(str(tmp_path), patience=0.05).renew(taken)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path, taken: Lease) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(StoreError, match="cannot hold leases"):
        open_leases(str(tmp_path / "runs")).take("a", None, taken.holder, {})
    assert open_leases(str(tmp_path / "runs")).leases() == {}  # the store of the runs refuses it


def test_who_reads_runs_does_not_see_the_leases(tmp_path: Path, taken: Lease) -> None:
    (tmp_path / "_checkpoints").mkdir()
    (tmp_path / "_checkpoints" / "a.pt").write_text("")
    assert list(open_store(str(tmp_path)).runs()) == []
    found = examine(str(tmp_path), datetime(2030, 1, 1, tzinfo=UTC))
    assert (found.runs, found.findings) == (0, ())


def test_the_doctor_clears_away_a_lease_that_was_never_finished(tmp_path: Path, taken: Lease) -> None:
    unfinished = tmp_path / "_leases" / ".a.json.123"
    unfinished.write_text("{")
    examine(str(tmp_path), datetime(2030, 1, 1, tzinfo=UTC), fix=True)
    assert not unfinished.exists()
    assert open_leases(str(tmp_path)).leases() == {"a": taken}
