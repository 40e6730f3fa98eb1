"""Sweeps whose disk is full for a while."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.checks.storage import LEAST
from tests.faults.sweep_scene import Cell, SweepScene, completed
from tests.faults.test_disk import mounted
from tests.sweeps.scene import wait_for
from tracker import open_store

ENOUGH = LEAST + (64 << 20)  # bytes without which no sweep starts; they are promised, not used


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """The folder of the runs of the first sweep, on a file system of its own."""
    folder = tmp_path / "sweep-0" / "runs"
    folder.mkdir(parents=True)
    with mounted(folder, ENOUGH):
        yield folder


def resize(disk: Path, room: int) -> None:
    """Leave so much room on the disk; what is written meanwhile may need another attempt."""
    for _ in range(100):
        told = os.statvfs(disk)
        size = (told.f_blocks - told.f_bfree) * told.f_frsize + room
        command = ["mount", "-o", f"remount,size={size}", str(disk)]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return
    raise AssertionError("the disk cannot be made smaller")


def done(scene: SweepScene) -> Counter[Cell]:
    """The completed runs now."""
    return completed(list(open_store(scene.address).runs()))


def test_a_full_disk_is_told_before_anything_starts(
    disk: Path, make_sweep: Callable[..., SweepScene]
) -> None:
    scene, filler = make_sweep(seeds=1), disk / "filler"
    filler.write_bytes(bytes(4096))
    resize(disk, room=0)

    assert scene.launch().wait(timeout=60) == 1

    assert "no runs can be kept here (No space left on device)" in scene.said(), scene.story()
    assert "make room" in scene.said(), scene.story()
    assert list(disk.iterdir()) == [filler], scene.story()
    assert not (scene.place / "sweep-logs").exists(), scene.story()


@pytest.mark.faults
@pytest.mark.parametrize("seed", range(4))
def test_a_sweep_whose_disk_is_full_says_so_and_goes_on_when_there_is_room(
    disk: Path, make_sweep: Callable[..., SweepScene], seed: int
) -> None:
    chance, scene = random.Random(seed), make_sweep(seeds=1 + seed)
    launcher = scene.launch(*(["--keep-going"] if seed % 2 else []))
    wait_for(lambda: bool(done(scene)))
    time.sleep(chance.uniform(0.0, 0.3))
    resize(disk, room=0)
    scene.note("the disk is full")
    before = done(scene)

    assert launcher.wait(timeout=120) == 1, scene.story()
    assert "No space left on device" in scene.said(), scene.story()
    assert "Traceback" not in scene.said(), scene.story()
    scene.assert_ended()
    assert before <= done(scene), scene.story()
    assert scene.launch().wait(timeout=60) == 1
    assert "make room" in scene.said(), scene.story()

    resize(disk, room=ENOUGH)
    scene.note("there is room again")
    scene.finish()
