"""How a run has ended of which only Slurm can tell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from sweeps.engines.slurm_ledger import Placed
from sweeps.engines.slurm_notes import Note
from sweeps.engines.slurm_queue import Standing
from sweeps.exit_codes import CANNOT_START, FAILED, KILLED, STOPPED

SETTLES = 20.0  # seconds that a note may take to arrive through a shared folder


def verdict(stand: Standing, began: bool, folder: Path, placed: Placed) -> tuple[int | None, str]:
    """An exit code, None where nobody knows, and the words for the log."""
    job = placed.job
    known: Mapping[str, tuple[int | None, str]] = {
        "CANCELLED": (STOPPED, "Slurm says that the job was cancelled"),
        "OUT_OF_MEMORY": (KILLED, "Slurm ended the job: out of memory; raise --memory"),
        "TIMEOUT": (FAILED, "Slurm ended the job: its time was over; raise --minutes"),
        "DEADLINE": (FAILED, "Slurm ended the job: its deadline was over"),
        "NODE_FAIL": (KILLED, f"Slurm says that the node {stand.node} failed"),
        "BOOT_FAIL": (KILLED, f"Slurm says that the node {stand.node} did not start"),
        "PREEMPTED": (KILLED, "Slurm gave the node to another job"),
    }
    if stand.state in known:
        return known[stand.state]
    if stand.state == "FAILED" and not began:
        return CANNOT_START, _why_not_started(folder, job, stand.node)
    if stand.state == "FAILED":
        return KILLED, "Slurm says that the job failed; it was killed from outside"
    return None, ""


def is_sure(note: Note | None, stand: Standing, since: float) -> bool:
    """Whether no note can come any more; one that never began and was cancelled has none."""
    if note is None and stand.state == "CANCELLED" and not stand.node:
        return True
    return time.monotonic() - since > SETTLES


def _why_not_started(folder: Path, job: str, node: str) -> str:
    try:
        lines = (folder / f"{job}_0_log.err").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return f"the job left nothing in {folder}: does {node or 'the node'} see this folder?"
    last = next((line.strip() for line in reversed(lines) if line.strip() and "srun: error" not in line), "")
    return f"the job could not start: {last or 'it said nothing'}; more in {folder / f'{job}_0_log.err'}"
