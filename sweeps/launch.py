"""A sweep from the question file to its end, told on the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from sweeps.driver import drive
from sweeps.engines.local import LocalEngine, default_workers
from sweeps.plan import make_plan
from sweeps.progress import SweepProgress

INTERRUPTED = 130  # the shell's code for an end by Ctrl-C


def launch(questions: Path, address: str, workers: int | None, logs: Path) -> int:
    """Start what is missing and wait; the exit code is 0 only when every question has its runs."""
    console = Console(stderr=True)
    plan = make_plan(questions, address, datetime.now(UTC))
    console.print(plan.summary, highlight=False, markup=False, soft_wrap=True)
    if not plan.jobs:
        return 0 if plan.complete else 1
    workers = min(workers or default_workers(), len(plan.jobs))
    with SweepProgress(console, plan.jobs, workers) as progress:
        outcome = drive(plan.jobs, LocalEngine(workers, address, logs), progress.report, progress.warn)
    left = make_plan(questions, address, datetime.now(UTC))
    console.print(left.summary, highlight=False, markup=False, soft_wrap=True)
    if outcome.interrupted:
        console.print("Interrupted; the same command goes on from here.")
        return INTERRUPTED
    return 0 if left.complete else 1
