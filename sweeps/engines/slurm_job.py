"""What a Slurm job knows of itself on its node."""

from __future__ import annotations

import os
import socket
import subprocess

from sweeps.engines.slurm_options import minutes_of

EARLIER = 60  # seconds that Slurm may send its signal earlier than told
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


def time_is_up(early: int) -> bool:
    """Whether the end of the job's time is why Slurm asks, so many seconds before."""
    left = _squeue("%L")  # 59:30, 1:00:00 or UNLIMITED
    minutes = minutes_of(left)
    return minutes is not None and minutes * 60 <= early + EARLIER


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
