"""How runs are told that could not say themselves how they ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeps.engines.slurm_ledger import Placed
from sweeps.engines.slurm_notes import STARTED, Note
from sweeps.engines.slurm_queue import Standing
from sweeps.engines.slurm_verdict import SETTLES, is_sure, verdict
from sweeps.exit_codes import CANNOT_START, FAILED, KILLED, STOPPED

JOB = Placed("7_1", "sweep-1", "log")


@pytest.mark.parametrize(
    ("state", "code", "words"),
    [
        ("CANCELLED", STOPPED, "cancelled"),
        ("OUT_OF_MEMORY", KILLED, "raise --memory"),
        ("TIMEOUT", FAILED, "raise --minutes"),
        ("DEADLINE", FAILED, "deadline"),
        ("NODE_FAIL", KILLED, "n1 failed"),
        ("BOOT_FAIL", KILLED, "n1 did not start"),
        ("PREEMPTED", KILLED, "another job"),
        ("FAILED", KILLED, "killed from outside"),
        ("COMPLETED", None, ""),
        ("", None, ""),
    ],
)
def test_the_word_of_slurm_counts(tmp_path: Path, state: str, code: int | None, words: str) -> None:
    told, said = verdict(Standing(state, "n1"), True, tmp_path, JOB)

    assert told == code
    assert words in said


def test_a_job_that_never_began_says_why(tmp_path: Path) -> None:
    failed = Standing("FAILED", "n1")
    assert verdict(failed, False, tmp_path, JOB) == (
        CANNOT_START,
        f"the job left nothing in {tmp_path}: does n1 see this folder?",
    )
    (tmp_path / "7_1_0_log.err").write_text("Traceback\nNo module named sweeps\nsrun: error: n1: exit 1\n")
    told, said = verdict(failed, False, tmp_path, JOB)

    assert told == CANNOT_START
    assert said.startswith("the job could not start: No module named sweeps; more in")


def test_a_note_has_time_to_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    begun = Note(STARTED, "s", "job 7_1 on n1")

    assert is_sure(None, Standing("CANCELLED", ""), now)
    assert not is_sure(begun, Standing("FAILED", "n1"), now - SETTLES / 2)
    assert is_sure(begun, Standing("FAILED", "n1"), now - SETTLES - 1)


@pytest.mark.parametrize(
    ("state", "waits", "over"),
    [
        ("PENDING", True, False),
        ("REQUEUED", True, False),
        ("COMPLETING", False, False),
        ("TIMEOUT", False, True),
    ],
)
def test_a_job_waits_or_runs_or_is_over(state: str, waits: bool, over: bool) -> None:
    stand = Standing(state, "n1")
    assert (stand.waits, stand.over) == (waits, over)
