"""The engine `slurm` on a real Slurm, with processes that say what they see."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.engines.base import Task
from sweeps.engines.slurm import SlurmEngine
from tests.slurm.cluster import Cluster, wait
from tests.slurm.conftest import kinds
from tests.sweeps.hearing import first_line, over, started, until
from tracker.errors import LaunchError

OpenEngine = Callable[..., SlurmEngine]
MakeTask = Callable[..., Task]


def test_arrays_tell_exit_codes_as_they_are(open_engine: OpenEngine, make_task: MakeTask) -> None:
    engine, codes = open_engine(), (0, 1, 75, 76, 77, 78, 79)

    engine.submit([make_task(str(code), code=code) for code in codes])
    events = until(engine, over(len(codes)))

    assert {event.key: event.exit_code for event in events if event.over} == {
        str(code): code for code in codes
    }
    assert all(kinds(events, str(code)) == ["queued", "started", "ended"] for code in codes)
    jobs = {event.where.split()[1] for event in events}
    assert len({job.split("_")[0] for job in jobs}) == 3  # this cluster takes at most six in one array
    assert sum("_" in job for job in jobs) == 6


def test_two_runs_share_each_card_by_shards(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine(shards="1")  # a card of this cluster has two
    engine.submit([make_task(f"t{at}", seconds=20) for at in range(8)])
    until(engine, started(8))

    seen = Counter(tuple(first_line(tmp_path / f"t{at}.log")[1:3]) for at in range(8))

    assert seen == {("n1", "0"): 2, ("n1", "1"): 2, ("n2", "0"): 2, ("n2", "1"): 2}


def test_a_job_holds_several_runs_on_its_own_card(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path, slurm: Cluster
) -> None:
    engine = open_engine(per_gpu=2, workers=4)
    engine.submit([make_task(f"t{at}", seconds=1) for at in range(6)])
    events = until(engine, over(6))

    assert {event.exit_code for event in events if event.over} == {0}
    assert len({event.where.split()[1] for event in events if event.kind == "started"}) == 2
    assert all(len(first_line(tmp_path / f"t{at}.log")) == 4 for at in range(6))  # each had a card
    job = events[0].where.split()[1]
    assert "cpu=2" in slurm.run("scontrol", "show", "job", job)


def test_a_cancelled_sweep_ends_in_order(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine()
    engine.submit([make_task("runs", seconds=600, cores=4), make_task("other", seconds=600, cores=4)])
    engine.submit([make_task("waits", seconds=600, cores=4)])
    until(engine, started(2))
    first_line(tmp_path / "runs.log"), first_line(tmp_path / "other.log")

    engine.cancel(hard=False)
    events = until(engine, over(3))

    assert {event.exit_code for event in events if event.over} == {75}
    assert "asked to end" in (tmp_path / "runs.log").read_text()
    assert not (tmp_path / "waits.log").exists()
    assert engine.attach({"runs", "other", "waits"}) == ()


def test_a_hard_cancel_needs_no_consent(open_engine: OpenEngine, tmp_path: Path) -> None:
    deaf = "trap '' TERM INT; echo here; sleep 600"
    engine = open_engine()
    engine.submit([Task("t", ("sh", "-c", deaf), tmp_path / "t.log", {"TRACKER_STORE": "runs"})])
    until(engine, started())
    first_line(tmp_path / "t.log")

    engine.cancel(hard=False)
    engine.cancel(hard=True)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code in (75, 79)


def test_a_job_that_somebody_cancels_is_told_as_stopped(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine()
    engine.submit([make_task("t", seconds=600)])
    (event,) = [event for event in until(engine, started()) if event.kind == "started"]
    first_line(tmp_path / "t.log")

    subprocess.run(("scancel", event.where.split()[1]), check=True)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 75
    assert "asked to end" in (tmp_path / "t.log").read_text()


def test_a_run_that_is_asked_twice_counts_as_stopped_all_the_same(
    open_engine: OpenEngine, tmp_path: Path
) -> None:
    # Slurm asks every process of a job, and the job asks its runs; Python ends with the default handlers
    once = "trap 'trap - TERM; sleep 2; exit 75' TERM; echo here; while true; do sleep 0.05; done"
    engine = open_engine()
    engine.submit([Task("t", ("sh", "-c", once), tmp_path / "t.log", {"TRACKER_STORE": "runs"})])
    (event,) = [event for event in until(engine, started()) if event.kind == "started"]
    first_line(tmp_path / "t.log")

    subprocess.run(("scancel", event.where.split()[1]), check=True)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 75


def test_a_job_that_cannot_start_says_why(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeps.engines.slurm_verdict.SETTLES", 1.0)
    engine = open_engine()
    engine.submit([make_task("t")])
    next((tmp_path / "logs" / "_slurm").glob("*_submitted.pkl")).write_text("nonsense")

    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 78
    assert "the job could not start" in (tmp_path / "t.log").read_text()


def test_a_later_engine_takes_up_what_an_earlier_one_has_left(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path, slurm: Cluster
) -> None:
    tasks = [make_task(f"t{at}", seconds=600, cores=4) for at in range(3)]
    first = open_engine()
    first.submit(tasks)
    until(first, started(2))
    first.close()

    second = open_engine()
    assert second.attach({"another"}) == ()
    assert set(second.attach({"t0", "t1", "t2"})) == {"t0", "t1", "t2"}
    second.submit(tasks)
    (tmp_path / "go").touch()
    events = until(second, over(3))

    assert {event.exit_code for event in events if event.over} == {0}
    assert (
        len(
            set(slurm.run("squeue", "-h", "-r", "-t", "all", "-o", "%i", f"--name={_name(tmp_path)}").split())
        )
        == 3
    )
    assert open_engine().attach({"t0", "t1", "t2"}) == ()


def test_the_password_of_the_store_lies_in_no_file(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path
) -> None:
    engine = open_engine()
    shows = 'echo "${TRACKER_STORE##*@} $TRACKER_QUESTIONS"; until [ -e "$0" ]; do sleep 0.1; done'
    told = make_task("t").environment
    engine.submit([Task("t", ("sh", "-c", shows, str(tmp_path / "go")), tmp_path / "t.log", told)])
    until(engine, started())

    assert first_line(tmp_path / "t.log") == ["127.0.0.1/runs", "first"]
    lines = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, text=True, check=True).stdout
    (tmp_path / "go").touch()
    until(engine, over(1))
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert "verysecretword" not in lines
    assert [path for path in files if b"verysecretword" in path.read_bytes()] == []


def test_runs_are_heard_of_while_the_controller_is_away(
    open_engine: OpenEngine, make_task: MakeTask, tmp_path: Path, slurm: Cluster
) -> None:
    engine = open_engine()
    engine.submit([make_task("t", seconds=600)])
    until(engine, started())

    slurm.end_controller()
    (tmp_path / "go").touch()
    (event,) = [event for event in until(engine, over(1)) if event.over]
    with pytest.raises(LaunchError, match="Slurm does not answer"):
        open_engine()
    slurm.start_controller()
    wait(lambda: slurm.run("squeue", "--noheader", "--states=all"))

    assert event.exit_code == 0


def test_what_sbatch_refuses_is_told_in_its_own_words(open_engine: OpenEngine, make_task: MakeTask) -> None:
    with pytest.raises(LaunchError, match=r"sbatch does not take the job: .*not available"):
        open_engine(gres="gpu:9").submit([make_task("t")])


def test_a_partition_that_is_not_there_is_refused_before_anything_starts(open_engine: OpenEngine) -> None:
    with pytest.raises(LaunchError, match=r"partition=urgend: .* did you mean urgent"):
        open_engine(partition="urgend")


def _name(folder: Path) -> str:
    script = next((folder / "logs" / "_slurm").glob("*_submission.sh")).read_text()
    return next(line.partition("=")[2] for line in script.splitlines() if "--job-name" in line)
