"""Both keepers of leases, and processes that hold some."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tracker.leases import open_leases
from tracker.leases.base import Holder, Leases

HOLD = """
import sys, time
from tracker.leases import open_leases
from tracker.leases.holder import this_process
assert open_leases(sys.argv[1]).take(sys.argv[2], None, this_process(), {})
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture(params=["folder", pytest.param("server", marks=pytest.mark.mongo)])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store, fresh, of each kind."""
    if request.param == "folder":
        return str(tmp_path / "runs")
    return str(request.getfixturevalue("mongo_address"))


@pytest.fixture
def leases(address: str) -> Leases:
    """Its leases."""
    return open_leases(address)


@pytest.fixture
def elsewhere() -> Callable[[int], Holder]:
    """elsewhere(7) is process 7 of another machine."""
    return lambda pid: Holder("elsewhere", pid, 100 + pid, "boot")


@pytest.fixture
def holder_of(address: str) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """holder_of(key) is a process that has taken the lease and sleeps; the end of the test kills it."""
    begun: list[subprocess.Popen[str]] = []

    def hold(key: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HOLD, address, key]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in begun:
        process.kill()
        process.communicate()
