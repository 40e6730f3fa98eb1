"""What runs printed, found again by what somebody remembers of them: real processes."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.sweeps.scene import in_a_shell, leases, rewrite, started
from tracker.leases import open_leases
from tracker.leases.base import Holder

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]


def test_every_run_has_a_line(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml")

    lines = sweeps("logs", "questions.yaml").stdout.splitlines()

    assert len(lines) == 6
    assert sum("  failed  " in line for line in lines) == 2
    assert all((place / line.split()[-1]).is_file() for line in lines)


def test_the_log_of_a_run_is_found_by_its_settings_and_by_its_id(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml", "--workers", "1")

    by_settings = sweeps("logs", "questions.yaml", "x=1", "seed=1")
    by_id = sweeps("logs", "questions.yaml", "1")

    assert by_settings.returncode == 0, by_settings.stderr
    assert "toy started" in by_settings.stdout
    assert by_settings.stdout == by_id.stdout


def test_words_that_fit_several_runs_are_told_with_them(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    answer = sweeps("logs", "questions.yaml", "x=1")

    assert answer.returncode == 1
    assert "x=1: 2 runs fit, say more: x=1 seed=" in answer.stderr


def test_the_log_of_the_last_failure_is_found_without_a_word(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")
    sweeps("run", "questions.yaml")

    answer = sweeps("logs", "questions.yaml", "--failed")

    assert answer.stdout.strip().endswith("RuntimeError: on purpose")


def test_where_no_run_failed_that_is_said(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    answer = sweeps("logs", "questions.yaml", "--failed")

    assert answer.returncode == 1
    assert "no run failed" in answer.stderr


def test_a_log_is_followed_until_its_run_has_ended(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 1.0")
    rewrite(place, "return x", "print('the end'); return x", "toy.py")
    sweep = start("run", "questions.yaml", "--workers", "1")
    started(place, 1)

    following = start("logs", "questions.yaml", "x=1", "seed=1", "--follow")
    out, errors = following.communicate(timeout=60)
    sweep.terminate()
    sweep.communicate(timeout=60)

    assert following.returncode == 0, errors
    assert out.count("toy started") == 1
    assert out.count("the end") == 1


def test_a_log_on_another_machine_is_said_to_be_there(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml", "--workers", "1")
    lease = next(lease for lease in leases(place) if lease.details["what"] == "x=1 seed=1")
    details = {**lease.details, "log": "/far/away.log"}
    open_leases(str(place / "runs")).take(lease.key, lease, Holder("far", 7, 0), details)

    answer = sweeps("logs", "questions.yaml", "x=1", "seed=1")

    assert answer.returncode == 1
    assert "/far/away.log: this log is on far; look at it there." in answer.stderr


def test_a_run_that_was_started_by_hand_has_its_output_in_its_record(place: Path, sweeps: Sweeps) -> None:
    line = sweeps("plan", "questions.yaml").stdout.splitlines()[0]
    in_a_shell(line, place)

    answer = sweeps("logs", "questions.yaml", "1")

    assert answer.returncode == 1
    assert "tracker show 1" in answer.stderr
