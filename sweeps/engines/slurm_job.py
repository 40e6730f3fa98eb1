"""What a Slurm job knows of itself on its node."""

from __future__ import annotations

import os
import socket
import subprocess

EARLY = 150.0  # seconds before the end of a job's time at which Slurm asks it to end, at most
PATIENCE = 60.0  # seconds for a command of Slurm


def job_id() -> str:
    """The job as squeue shows it."""
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}" if array else os.environ["SLURM_JOB_ID"]


def where() -> str:
    """The job, its node and its cards, in words."""
    node = os.environ.get("SLURMD_NODENAME", socket.gethostname())
    cards = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    return f"job {job_id()} on {node}{f' card {cards}' if cards else ''}"


def state() -> str:
    """How Slurm says that the job stands; nothing where it does not answer."""
    return _squeue("%T")


def time_is_up() -> bool:
    """Whether the end of the job's time is why Slurm asks; it asks up to a minute earlier than told."""
    left, limit = seconds(_squeue("%L")), seconds(_squeue("%l"))
    return left is not None and limit is not None and left <= min(EARLY, limit / 2)


def come_back() -> None:
    """Have Slurm queue this job again, unless somebody has cancelled it or Slurm does it by itself."""
    if state() == "RUNNING":
        subprocess.run(("scontrol", "requeue", job_id()), check=False, timeout=PATIENCE)


def _squeue(form: str) -> str:
    command = ("squeue", "--noheader", f"--jobs={job_id()}", "--states=all", f"--format={form}")
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def seconds(words: str) -> int | None:
    """Of a time such as 1-02:03:04; None for UNLIMITED and the like."""
    days, _, clock = words.rpartition("-")
    parts = clock.split(":")
    if not all(part.isdecimal() for part in parts) or (days and not days.isdecimal()):
        return None
    total = 0
    for part in parts:
        total = total * 60 + int(part)
    return total + int(days or 0) * 86400
