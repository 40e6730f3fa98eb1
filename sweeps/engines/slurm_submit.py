"""Gives runs to Slurm: submitit writes the batch file and calls sbatch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sweeps.engines.base import Task
from sweeps.engines.slurm_place import Order, Share
from tracker.errors import LaunchError
from tracker.settings import STORE_VARIABLE

OF_A_JOB = ("SLURM_", "SLURMD_", "SRUN_", "SUBMITIT_")  # variables that a job has of its own
FINDS_SLURM = "SLURM_CONF"
# what sbatch says where fewer jobs, or the same ones later, may be taken
PASSES = (
    "SubmitJob",
    "submit limit",
    "job array",
    "temporarily unable",
    "Unable to contact",
    "timed out",
)


class NotNowError(LaunchError):
    """Slurm may take the jobs later, or fewer of them now."""


def share(tasks: Sequence[Task], at_once: int, notes: Path, early: int) -> Share:
    """The runs of one job, as they travel to its node."""
    orders = tuple(_order(task) for task in tasks)
    return Share(orders, min(at_once, len(tasks)), tasks[0].needs.cores, str(Path.cwd()), str(notes), early)


def submit(
    folder: Path, told: Mapping[str, Any], parts: Sequence[Share], environment: Mapping[str, str]
) -> list[str]:
    """Submit one job, or one array of jobs; their ids in the same order.

    Raises NotNowError where Slurm may take them later or fewer of them, else LaunchError.
    """
    import submitit
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        with _environment(environment):
            executor = submitit.SlurmExecutor(folder)
            executor.update_parameters(**told)
            return [str(job.job_id) for job in executor.submit_array(list(parts))]
    except (FailedJobError, FailedSubmissionError) as error:
        said = _words(error)
        kind = NotNowError if any(words in said for words in PASSES) else LaunchError
        raise kind(f"sbatch does not take the job: {said}") from error
    except OSError as error:
        raise LaunchError(
            f"{folder}: no job can be written here ({error}); name a folder with --logs"
        ) from error


def _order(task: Task) -> Order:
    """The task without the store's address, which may hold a password: Slurm hands that on by itself."""
    environment = {name: value for name, value in task.environment.items() if name != STORE_VARIABLE}
    command = task.command
    kept = command[command.index("--checkpoint") + 1] if "--checkpoint" in command else ""
    return Order(task.key, command, str(task.log.absolute()), kept, environment)


def _words(error: Exception) -> str:
    """What sbatch itself said."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line.removeprefix("sbatch: error: ") for line in lines if line.startswith("sbatch:")]
    return "; ".join(said) or (lines[-1] if lines else type(error).__name__)


@contextmanager
def _environment(further: Mapping[str, str]) -> Iterator[None]:
    """What Slurm hands on to the jobs: the launcher's environment, without that of a job around it."""
    before = dict(os.environ)
    try:
        if "SLURM_JOB_ID" in before:
            for name in before:
                if name.startswith(OF_A_JOB) and name != FINDS_SLURM:
                    del os.environ[name]
        if STORE_VARIABLE in further:
            os.environ[STORE_VARIABLE] = further[STORE_VARIABLE]
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
