"""Real runs on a real Slurm: their records are right whatever happens to their jobs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from sweeps.engines.base import Event, Needs, Task
from sweeps.engines.slurm import SlurmEngine
from tests.slurm.cluster import Cluster
from tests.slurm.conftest import kinds
from tests.sweeps.hearing import eventually, over, started, until
from tests.sweeps.scene import leases, statuses

OpenEngine = Callable[..., SlurmEngine]

# it counts until it is told to go, keeps the count, and goes on from there
TOY = """
import os, pathlib, time
from tracker.recording import Experiment, record, run_commandline

experiment = Experiment("toy", save_git_info=False)
experiment.add_config({"x": 1, "keeps": True})
record(experiment)

@experiment.main
def main(_run, x, keeps, seed):
    state = pathlib.Path(os.environ["TRACKER_CHECKPOINT"])
    count = int(state.read_text()) if state.exists() else 0
    print("toy started at", count, flush=True)
    while not pathlib.Path("go").exists() or count == 0:
        time.sleep(0.1)
        count += 1
        if keeps:  # whole or not at all, whenever it is asked to end
            state.with_suffix(".new").write_text(str(count))
            state.with_suffix(".new").replace(state)
    _run.log_scalar("test.accuracy", 10.0 * x + seed, 1)
    print("toy ended at", count, flush=True)
    return x

if __name__ == "__main__":
    run_commandline(experiment)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a toy, in which the sweep is started."""
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "kept").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TRACKER_STORE", raising=False)
    return tmp_path


@pytest.fixture
def make_run(place: Path) -> Callable[..., Task]:
    """make_run("a", "x=2", cores=4) is a run of the toy under its lease."""

    def make(key: str, *settings: str, launcher: str = "launcher-1", **needs: int) -> Task:
        log = place / f"{key}-{launcher}.log"
        details = {"kind": "run", "launcher": launcher, "attempt": 1, "log": str(log)}
        options = ("--key", key, "--seen", "none", "--details", json.dumps(details))
        kept = ("--checkpoint", str(place / "kept" / f"{key}.pt"))
        toy = (sys.executable, "toy.py", "with", "seed=1", *settings)
        command = (sys.executable, "-m", "sweeps.runner", *options, *kept, "--", *toy)
        environment = {"TRACKER_STORE": str(place / "runs"), "TRACKER_QUESTIONS": "first"}
        return Task(key, command, log, environment, Needs(**needs))

    return make


def test_an_array_of_runs_is_recorded(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    (place / "go").touch()
    engine = open_engine()

    engine.submit([make_run(f"k{x}", f"x={x}") for x in range(6)])
    events = until(engine, over(6))

    assert {event.exit_code for event in events if event.over} == {0}
    assert statuses(place) == Counter(COMPLETED=6)
    assert not list((place / "kept").iterdir())


def test_a_cancelled_run_is_recorded_as_interrupted(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    engine = open_engine()
    engine.submit([make_run("k")])
    until(engine, started())
    begun(place, "k")

    engine.cancel(hard=False)
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 75
    assert statuses(place) == Counter(INTERRUPTED=1)
    (lease,) = leases(place)
    assert lease.outcome is not None


def test_a_requeued_run_goes_on_from_what_it_kept(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    engine = open_engine()
    engine.submit([make_run("k")])
    events = until(engine, started())
    begun(place, "k")

    subprocess.run(("scontrol", "requeue", events[-1].where.split()[1]), check=True)
    goes_on(engine, events, place)


@pytest.mark.parametrize("number", ["USR2", "TERM"])
def test_a_run_that_slurm_asks_to_make_room_is_queued_again(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path, number: str
) -> None:
    engine = open_engine(per_gpu=2)
    engine.submit([make_run("k"), make_run("l")])
    events = until(engine, started(2))
    begun(place, "k")
    begun(place, "l")

    subprocess.run(("scancel", f"--signal={number}", events[-1].where.split()[1]), check=True)
    goes_on(engine, events, place, runs=2)


def test_a_preempted_run_goes_on_from_what_it_kept(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    engine = open_engine()
    engine.submit([make_run("k")])
    events = until(engine, started())
    begun(place, "k")

    urgent = ("sbatch", "--partition=urgent", "--nodes=2", "--exclusive", "--wrap=sleep 1")
    subprocess.run((*urgent, f"--output={place / 'urgent.log'}"), check=True, stdout=subprocess.DEVNULL)
    goes_on(engine, events, place)


def test_a_run_goes_on_when_its_time_was_over_if_it_has_kept_something(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    engine = open_engine(time="1")
    engine.submit([make_run("keeps"), make_run("forgets", "keeps=False")])
    events = until(engine, over(1))

    (event,) = [event for event in events if event.over]
    assert (event.key, event.exit_code) == ("forgets", 1)
    (log,) = place.glob("forgets-*.log")
    assert "raise --minutes" in log.read_text().splitlines()[-1]
    (place / "go").touch()
    events += until(engine, over(1))
    assert (kinds(events, "keeps")[-1], events[-1].exit_code) == ("ended", 0)
    assert kinds(events, "keeps").count("queued") > 1
    assert statuses(place) == Counter(COMPLETED=1, INTERRUPTED=1)


def test_a_run_whose_node_dies_goes_on_on_another(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path, nodes_up: Cluster
) -> None:
    engine = open_engine()
    engine.submit([make_run("k")])
    events = until(engine, started())
    begun(place, "k")

    dead = events[-1].where.split()[3]
    nodes_up.kill(dead)
    goes_on(engine, events, place)

    assert events[-1].where.split()[3] != dead


def test_a_run_that_somebody_else_has_done_is_not_done_again(
    open_engine: OpenEngine, make_run: Callable[..., Task], place: Path
) -> None:
    (place / "go").touch()
    engine = open_engine()
    engine.submit([make_run("k")])
    until(engine, over(1))

    engine.submit([make_run("k", launcher="launcher-2")])
    (event,) = [event for event in until(engine, over(1)) if event.over]

    assert event.exit_code == 76
    assert statuses(place) == Counter(COMPLETED=1)


def begun(place: Path, key: str) -> None:
    """Wait until a run has kept some of its work."""
    kept = place / "kept" / f"{key}.pt"
    eventually(lambda: kept.exists() and int(kept.read_text() or 0) > 3)


def goes_on(engine: SlurmEngine, events: list[Event], place: Path, runs: int = 1) -> None:
    """What was told, and what stands in the records, when jobs were started twice."""
    events += until(engine, lambda new: sum(event.kind == "queued" for event in new) >= runs)
    (place / "go").touch()
    events += until(engine, over(runs))
    for key in {event.key for event in events}:
        assert kinds(events, key) == ["queued", "started", "queued", "started", "ended"]
        (log,) = place.glob(f"{key}-*.log")
        starts = [int(line.split()[-1]) for line in log.read_text().splitlines() if "toy started" in line]
        assert starts[0] == 0 < starts[1]
    assert {event.exit_code for event in events if event.over} == {0}
    assert statuses(place)["COMPLETED"] == runs
    assert not list((place / "kept").iterdir())
