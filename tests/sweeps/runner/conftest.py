"""The process of one run, and what is seen of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sweeps.scene import wait_for
from tracker.leases import open_leases
from tracker.leases.base import Holder, Lease, Leases

OTHER = Holder("elsewhere", 1, 1, "boot")

# the runner with its signs of life every 0.2 s, and less grace for those that do not end
QUICK = """
import sys
from tracker.leases import base
base.RENEWED_EVERY = 0.2
from sweeps import runner
runner.GRACE = 3.0
sys.exit(runner.main())
"""

QUICK_RUNNER = (sys.executable, "-c", QUICK, "--key", "k")

Runner = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def store(place: Path) -> str:
    """The address of the store."""
    return str(place / "runs")


@pytest.fixture
def leases(store: str) -> Leases:
    return open_leases(store)


@pytest.fixture
def runner(place: Path, store: str) -> Iterator[Runner]:
    """runner("echo", "hello", seen="1:1") starts `echo hello` under the lease with the key k."""
    begun: list[subprocess.Popen[str]] = []

    def begin(
        *command: str, seen: str = "none", blocked: bool = False, **options: str
    ) -> subprocess.Popen[str]:
        address = options.pop("store", store)
        log = place / f"{len(begun)}.log"
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        details = json.dumps({"kind": "run", "log": str(log)})
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*QUICK_RUNNER, "--seen", seen, "--details", details, *words, "--", *command],
                cwd=place,
                env={**os.environ, "TRACKER_STORE": address},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=_block if blocked else None,
            )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()


def _block() -> None:
    """As Ray does in its workers."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})


def ended(process: subprocess.Popen[str]) -> int:
    return process.wait(timeout=60)


def outcome_of(leases: Leases) -> tuple[int, str]:
    outcome = leases.leases()["k"].outcome
    assert outcome is not None
    return outcome.exit_code, outcome.words


def printed(place: Path, words: str) -> list[str]:
    """Wait until a run has printed the words; the rest of each line with them."""
    lines: list[str] = []

    def look() -> bool:
        told = "".join(path.read_text() for path in sorted(place.glob("*.log")))
        lines[:] = [line.partition(words)[2].strip() for line in told.splitlines() if words in line]
        return bool(lines)

    wait_for(look)
    return lines


def held(leases: Leases) -> Lease:
    """Wait until the run's lease is held."""
    wait_for(lambda: "k" in leases.leases() and leases.leases()["k"].outcome is None)
    return leases.leases()["k"]
