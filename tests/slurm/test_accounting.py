"""The engine `slurm` against real accounts: what sacct says of jobs that the controller has forgotten."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sweeps.engines import slurm_queue
from sweeps.engines.base import Task
from sweeps.engines.slurm import SlurmEngine
from sweeps.exit_codes import KILLED
from tests.slurm import accounting
from tests.slurm.accounting import Accounting
from tests.slurm.cluster import Cluster, missing, parent_of, wait
from tests.sweeps.hearing import first_line, over, started, until

OpenEngine = Callable[..., SlurmEngine]
MakeTask = Callable[..., Task]

# the controller forgets a job soon, and ends one that takes more memory than it asked for
EXTRA = """
MinJobAge=2
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=200
KillWait=1
"""
GREEDY = "python3 -c 'import time; held = bytearray(b\"1\") * (300 << 20); time.sleep(600)'"
LONG = 300.0  # seconds: a time limit counts in minutes, and the controller forgets once a minute


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Two nodes whose jobs are entered into accounts."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for a Slurm of its own")
    if absent := [*missing(), *accounting.missing()]:
        pytest.skip(f"needs {', '.join(absent)}: apt-get install slurm-wlm munge slurmdbd mariadb-server")
    pytest.importorskip("submitit", reason="needs submitit: pip install 'sacred-grove[slurm]'")
    with tempfile.TemporaryDirectory(prefix="slurm") as folder:  # sockets have short names
        accounts = Accounting(Path(folder))
        made = Cluster(Path(folder), EXTRA + accounts.configuration)
        try:
            made.prepare()
            accounts.start()
            made.start_daemons()
            yield made
        finally:
            made.stop()
            accounts.stop()


def sbatch(place: Path, wrapped: str, *options: str) -> str:
    """Give Slurm a plain job; its number."""
    words = ("sbatch", "--parsable", f"--output={place}/%j.out", *options, f"--wrap={wrapped}")
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def forgotten(slurm: Cluster, jobs: list[str]) -> None:
    """Wait until the controller knows none of the jobs any more."""
    wait(lambda: not set(slurm.run("squeue", "-h", "-t", "all", "-o", "%i").split()) & set(jobs), LONG)


def state(job: str) -> str:
    """What the accounts say of a job."""
    known = slurm_queue.history([job])
    return known[job].state if job in known else ""


def has_ended(job: str) -> bool:
    """Whether the accounts know of an end of the job."""
    known = slurm_queue.history([job])
    return job in known and known[job].over


def test_the_accounts_tell_how_every_job_ended(nodes_up: Cluster, tmp_path: Path) -> None:
    jobs = {
        "COMPLETED": sbatch(tmp_path, "true"),
        "FAILED": sbatch(tmp_path, "exit 3"),
        "TIMEOUT": sbatch(tmp_path, "sleep 600", "--time=1"),
        "CANCELLED": sbatch(tmp_path, "sleep 600"),
    }
    greedy = sbatch(tmp_path, GREEDY, "--mem=50M")
    is_running(nodes_up, jobs["CANCELLED"])
    subprocess.run(("scancel", jobs["CANCELLED"]), check=True)
    lost = sbatch(tmp_path, "sleep 600", "--no-requeue", "--nodelist=n2")
    is_running(nodes_up, lost)
    ends_soon = (greedy, *(job for name, job in jobs.items() if name != "TIMEOUT"))
    wait(lambda: all(has_ended(job) for job in ends_soon), LONG)
    nodes_up.kill("n2")
    jobs["NODE_FAIL"] = lost
    wait(lambda: all(has_ended(job) for job in jobs.values()), LONG)
    forgotten(nodes_up, list(jobs.values()))

    known = slurm_queue.history(list(jobs.values()))

    assert {name: known[job].state for name, job in jobs.items()} == {name: name for name in jobs}
    assert all(known[job].over for job in jobs.values())
    assert known[lost].node == "n2"
    # OUT_OF_MEMORY is told by Slurm's cgroup plugins alone; without them such a job is killed and has failed
    assert state(greedy) in ("OUT_OF_MEMORY", "FAILED")


def test_a_job_that_gives_way_is_waited_for(slurm: Cluster, tmp_path: Path) -> None:
    gives_way = sbatch(tmp_path, "sleep 600", "--requeue", "--exclusive", "--nodes=2")
    is_running(slurm, gives_way)

    sbatch(tmp_path, "sleep 20", "--partition=urgent", "--exclusive", "--nodes=2")
    wait(lambda: state(gives_way) not in ("", "RUNNING"), LONG)

    (known,) = slurm_queue.history([gives_way]).values()
    assert known.state in ("PENDING", "REQUEUED", "PREEMPTED")
    assert not known.over or known.state == "PREEMPTED"


def test_the_engine_hears_from_the_accounts_what_the_controller_has_forgotten(
    open_engine: OpenEngine,
    make_task: MakeTask,
    tmp_path: Path,
    slurm: Cluster,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sweeps.engines.slurm_verdict.SETTLES", 1.0)
    engine = open_engine()
    engine.submit([make_task("t", seconds=600)])
    (event,) = [event for event in until(engine, started()) if event.kind == "started"]
    job = event.where.split()[1]
    run = int(first_line(tmp_path / "t.log")[0])

    # nobody of the job is left to write how it ended
    os.kill(parent_of(run), signal.SIGKILL)
    os.kill(run, signal.SIGKILL)
    forgotten(slurm, [job])
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert state(job) == "FAILED"
    assert event.exit_code == KILLED
    assert "the job failed; it was killed from outside" in (tmp_path / "t.log").read_text()


def is_running(slurm: Cluster, job: str) -> None:
    """Wait until a job runs, for the controller and in the accounts."""
    wait(lambda: "RUNNING" in slurm.run("squeue", "-h", "-j", job, "-o", "%T"), LONG)
    wait(lambda: state(job) == "RUNNING", LONG)
