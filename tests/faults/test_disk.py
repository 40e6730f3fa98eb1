"""A disk that has no room left."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.losses_record import our_record
from benchmarks.losses_scene import Scene
from tests.faults.conftest import assert_everything

SIZE = 4 << 20  # bytes of the small disk
FILES = ("journal.jsonl", "points.jsonl", "cout.txt")


@contextmanager
def mounted(folder: Path, size: int = SIZE) -> Iterator[None]:
    """While it lasts the folder is a file system of so many bytes, which root may mount."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    yield
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system."""
    folder = tmp_path / "small"
    folder.mkdir()
    with mounted(folder):
        yield folder


def fill(disk: Path) -> Path:
    """Takes all the room there is."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return filler


def test_a_disk_that_is_full_for_a_while_costs_nothing(
    make_scene: Callable[..., Scene], small_disk: Path
) -> None:
    scene = make_scene(store=small_disk / "runs")
    scene.start(points=300, pause=0.01)
    scene.wait_for(50)
    filler = fill(small_disk)
    scene.wait_for(200)
    filler.unlink()

    ended = scene.end()

    record = our_record(scene.store)
    assert_everything(record, ended.ledger)
    assert record.status == "COMPLETED"


@pytest.mark.faults
def test_a_disk_that_stays_full_ends_the_run_with_the_rest_elsewhere(
    make_scene: Callable[..., Scene], small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rescue").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "rescue"))
    scene = make_scene(store=small_disk / "runs")
    scene.start(points=1000, pause=0.005, line=200)
    scene.wait_for(50)
    filler = fill(small_disk)

    ended = scene.end()

    (rescued,) = (tmp_path / "rescue").glob("tracker-rescue-*")
    assert str(rescued) in ended.output
    filler.unlink()
    for name in FILES:
        if (rescued / name).exists():
            with (scene.store / "1" / name).open("ab") as file:
                file.write((rescued / name).read_bytes())
    record = our_record(scene.store)
    assert_everything(record, ended.ledger)
    assert record.status == "COMPLETED"
