"""What Slurm says of jobs, and what it is told: its commands, one call for all jobs."""

from __future__ import annotations

import difflib
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tracker.errors import LaunchError

PATIENCE = 60.0  # seconds for one command; a busy controller takes its time
LOOKS = 10.0  # seconds for a look at the queue, which the sweep takes again and again
WAITS = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD")
RUNS = ("RUNNING", "COMPLETING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT", "RESIZING")


@dataclass(frozen=True)
class Standing:
    """How a job stands."""

    state: str  # in Slurm's words, as in OUT_OF_MEMORY
    node: str
    reason: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is in the queue, perhaps once more."""
        return self.state in WAITS

    @property
    def over(self) -> bool:
        """Whether it will not run any more."""
        return self.state not in WAITS and self.state not in RUNS


def check_cluster(partition: str | None) -> None:
    """Raise LaunchError where there is no Slurm, where it does not answer, or has no such partition."""
    for program in ("sbatch", "srun", "squeue", "scancel"):
        if shutil.which(program) is None:
            raise LaunchError(
                f"{program}: there is no such program; start the sweep on a machine of the cluster "
                "from which jobs are submitted, or use another --engine"
            )
    partitions = _ask("sinfo", "--noheader", "--format=%R").split()
    for name in (partition or "").split(","):
        if name and name not in partitions:
            close = difflib.get_close_matches(name, partitions, n=1)
            rest = f"did you mean {close[0]}?" if close else f"there is {', '.join(sorted(set(partitions)))}"
            raise LaunchError(f"partition={name}: the cluster has no such partition; {rest}")


def queue(job_names: Sequence[str]) -> dict[str, Standing] | None:
    """All jobs with these names that the controller still knows; None where it does not answer now."""
    options = ("--noheader", "--array", "--states=all", "--format=%i|%T|%N|%r")
    return _table(("squeue", *options, f"--name={','.join(job_names)}"))


def standing(stands: Mapping[str, Standing], job: str) -> Standing | None:
    """How a job stands; what was cancelled of an array shows as the array itself."""
    return stands.get(job) or stands.get(job.partition("_")[0])


def history(jobs: Sequence[str]) -> dict[str, Standing]:
    """What the accounting knows of these jobs; nothing in a cluster that keeps no accounts."""
    options = ("--noheader", "--parsable2", "--allocations", "--format=JobID,State,NodeList")
    return _table(("sacct", *options, f"--jobs={','.join(jobs)}")) or {}


def cancel_waiting(jobs: Sequence[str]) -> None:
    """Take those of the jobs that have not started out of the queue."""
    _tell("scancel", "--state=PENDING", *jobs)


def ask_to_end(jobs: Sequence[str]) -> None:
    """Send the jobs that run the signal by which they know that the sweep wants their end."""
    _tell("scancel", "--state=RUNNING", "--signal=URG", *jobs)


def cancel(jobs: Sequence[str]) -> None:
    """End the jobs: SIGTERM, and SIGKILL after the cluster's KillWait."""
    _tell("scancel", *jobs)


def _table(command: Sequence[str]) -> dict[str, Standing] | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LOOKS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    rows = [line.split("|") for line in done.stdout.splitlines() if line.count("|") >= 2]
    # as in "CANCELLED by 1000"
    return {row[0]: Standing(row[1].split()[0], row[2], *row[3:4]) for row in rows if row[1].strip()}


def _ask(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    except subprocess.CalledProcessError as error:
        raise LaunchError(
            f"Slurm does not answer ({_last(error.stderr)}); try `sinfo` on this machine"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LaunchError(f"Slurm does not answer ({error}); try `sinfo` on this machine") from error
    return done.stdout


def _last(words: str) -> str:
    return next((line.strip() for line in reversed(words.splitlines()) if line.strip()), "it said nothing")


def _tell(*command: str) -> None:
    """Best effort: what Slurm refuses shows in the states of the jobs."""
    try:
        subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return
