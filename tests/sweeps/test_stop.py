"""Launchers and runs that are asked to end from elsewhere: real processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.sweeps.scene import completed, is_alive, leases, recorded, rewrite, started, statuses

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def test_a_stop_ends_all_in_order_and_waits_until_it_has(place: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)

    answer = sweeps("stop", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.count("asked to end: run ") == 2
    assert answer.stderr.count("stopped: run ") == 2
    assert not any(is_alive(lease.holder.pid) for lease in leases(place))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert set(statuses(place)) == {"INTERRUPTED"}


def test_one_run_can_be_stopped_and_the_sweep_goes_on_without_it(
    place: Path, start: Start, sweeps: Sweeps
) -> None:
    rewrite(place, "time.sleep(nap)", "time.sleep(nap if x == 1 and seed == 1 else 0.0)", "toy.py")
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 6)

    answer = sweeps("stop", "questions.yaml", "--run", "x=1 seed=1")

    assert answer.returncode == 0, answer.stderr
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1, errors  # one run is missing
    assert sum(completed(place).values()) == 5
    assert recorded(place)[1, 1, "INTERRUPTED"] == 1


def test_a_run_that_fits_nothing_under_way_is_refused(place: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "1")
    started(place, 1)

    answer = sweeps("stop", "questions.yaml", "--run", "x=7")
    process.terminate()
    process.communicate(timeout=60)

    assert answer.returncode == 1
    assert "x=7: no run under way fits" in answer.stderr


def test_a_stop_need_not_wait(place: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 60.0")
    process = start("run", "questions.yaml", "--workers", "1")
    started(place, 1)

    answer = sweeps("stop", "questions.yaml", "--no-wait")

    assert "asked to end" in answer.stderr
    assert "stopped: run" not in answer.stderr
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_where_nothing_is_under_way_a_stop_says_so(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("stop", "questions.yaml")

    assert answer.returncode == 0
    assert "questions.yaml: nothing is under way in runs" in answer.stderr
