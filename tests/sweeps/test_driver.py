"""A sweep in the face of what goes wrong: real processes, a real store."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.sweeps.scene import (
    COMPLETED,
    FAILED,
    completed,
    everything,
    is_alive,
    leases,
    logs,
    recorded,
    rewrite,
    started,
    statuses,
    wait_for,
)
from tracker import open_store
from tracker.leases import open_leases

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

RISING = """
version: 1
metric: {name: test.accuracy}
defaults: {experiment: toy, launch: python toy.py, seeds: [1, 2, 3], setup: {act: succeed}}
tree:
  - id: size
    question: "Does x matter?"
    parameter: x
    values: [1, 2, 3]
    scale: ordered
    baseline: 1
    children:
      - {id: nap, question: "And a nap?", parameter: nap, values: [0.0, 0.01], baseline: 0.0,
         setup: {x: 3}, when: {parent.verdict: rising}}
"""


def test_two_launchers_at_once_share_the_runs(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 0.3")
    both = [start("run", "questions.yaml", "--workers", "1") for _ in range(2)]

    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode in (0, 1), errors  # the one that ends first may leave a run to the other

    assert recorded(place) == everything()
    assert 0 in [process.returncode for process in both]


def test_a_run_that_was_killed_is_started_again_in_the_same_sweep(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: kill once")

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert "KILLED" in answer.stderr
    assert "starts again" in answer.stderr
    assert completed(place) == everything()


def test_a_run_that_failed_is_started_again_where_that_is_wished(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail once")

    answer = sweeps("run", "questions.yaml", "--attempts", "2")

    assert answer.returncode == 0, answer.stderr
    assert statuses(place) == {COMPLETED: 6, FAILED: 2}


def test_a_sweep_in_which_all_runs_fail_alike_stops_early_and_says_so(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail")

    answer = sweeps("run", "questions.yaml", "--workers", "1")

    assert answer.returncode == 1
    assert statuses(place) == {FAILED: 3}
    assert "stopped early, because every run failed alike: RuntimeError: on purpose" in answer.stderr
    assert "--keep-going" in answer.stderr


def test_a_sweep_that_is_told_to_keep_going_tries_every_run(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail")

    answer = sweeps("run", "questions.yaml", "--keep-going")

    assert answer.returncode == 1
    assert statuses(place) == {FAILED: 6}
    assert "stopped early" not in answer.stderr


def test_the_last_lines_say_what_to_do_about_runs_that_failed(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail at 2")

    lines = sweeps("run", "questions.yaml", "--store", "else where").stderr.splitlines()

    assert "questions.yaml: 4 of 6 done, 2 failed (in else where)" in lines
    assert lines[-2].strip().startswith("sweeps logs questions.yaml --failed --store 'else where'")
    assert lines[-1].strip().startswith("sweeps retry questions.yaml --store 'else where'")


def test_a_retry_starts_what_failed_and_nothing_else(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "act: succeed", "act: fail once")
    sweeps("run", "questions.yaml")
    rewrite(place, "values: [1, 2, 3]", "values: [1, 2, 3, 4]")

    answer = sweeps("retry", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert completed(place) == everything()


def test_a_question_that_opens_during_a_sweep_is_started_in_the_same_sweep(
    place: Path, sweeps: Sweeps
) -> None:
    (place / "questions.yaml").write_text(RISING)

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert "for size/nap" in answer.stderr
    assert statuses(place) == {COMPLETED: 9 + 3}  # without a nap the runs with x=3 answer both


def test_the_runs_of_the_next_look_are_started_in_the_same_sweep(place: Path, sweeps: Sweeps) -> None:
    rewrite(place, "seeds: [1, 2]", "seeds: [1, 2, 3, 4, 5], looks: [3, 5]")
    rewrite(place, "10.0 * x + seed", "10.0 * seed", "toy.py")  # x changes nothing, so the first look is open

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert statuses(place) == {COMPLETED: 15}


def test_a_second_ctrl_c_kills_what_does_not_end(place: Path, start: Start) -> None:
    rewrite(place, "act: succeed", "act: ignore, nap: 120.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "ending 2 running" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)

    assert process.returncode == 130
    assert not any(is_alive(lease.holder.pid) for lease in leases(place))


def test_a_launcher_that_is_killed_leaves_nothing_behind_and_nothing_doubled(
    place: Path, start: Start, sweeps: Sweeps
) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 1.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)
    process.kill()
    process.communicate(timeout=60)
    wait_for(lambda: not any(is_alive(lease.holder.pid) for lease in leases(place)))

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert completed(place) == everything()


def test_runs_that_died_with_their_machine_are_started_at_once(
    place: Path, start: Start, sweeps: Sweeps
) -> None:
    rewrite(place, "act: succeed", "act: succeed, nap: 1.0")
    process = start("run", "questions.yaml", "--workers", "2")
    started(place, 2)
    process.kill()
    for lease in leases(place):
        os.kill(lease.holder.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    wait_for(lambda: not any(is_alive(lease.holder.pid) for lease in leases(place)))

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0, answer.stderr
    assert set(completed(place).values()) == {1}


def test_nothing_to_do_is_said_at_once(place: Path, sweeps: Sweeps) -> None:
    sweeps("run", "questions.yaml")

    answer = sweeps("run", "questions.yaml")

    assert answer.returncode == 0
    assert [line.split(" (")[0] for line in answer.stderr.splitlines()] == [
        "questions.yaml: nothing is missing"
    ]


def test_every_event_is_a_line_with_counts(place: Path, sweeps: Sweeps) -> None:
    lines = sweeps("run", "questions.yaml", "--workers", "1").stderr.splitlines()

    events = [line.split()[1] for line in lines if line[2:3] == ":"]
    assert Counter(events) == {"started": 6, "done": 6}
    assert lines[-2].endswith("[6 of 6 done]")


@pytest.mark.parametrize("command", ["run", "retry"])
def test_a_dry_run_starts_nothing(place: Path, sweeps: Sweeps, command: str) -> None:
    answer = sweeps(command, "questions.yaml", "--dry-run")

    assert answer.returncode == 0, answer.stderr
    assert logs(place) == ""
    assert not (place / "runs").exists()


def test_seeds_are_started_together_where_that_is_wanted(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("run", "questions.yaml", "--dry-run", "--seeds-together")
    assert answer.returncode == 0, answer.stderr
    listed = re.findall(r"^\d+ +(.*) seed=(\d+)", answer.stdout, re.MULTILINE)
    settings = [words for words, _ in listed]
    assert len(set(settings)) < len(settings)
    assert settings == sorted(settings, key=settings.index)


def test_a_sweep_can_go_on_in_the_background(place: Path, sweeps: Sweeps) -> None:
    answer = sweeps("run", "questions.yaml", "--detach")

    assert answer.returncode == 0, answer.stderr
    assert "started in the background" in answer.stderr
    wait_for(lambda: recorded(place) == everything())
    (log,) = (place / "sweep-logs").glob("launcher-*.txt")
    wait_for(lambda: "nothing is missing" in log.read_text())


@pytest.fixture
def slow_place(place: Path) -> Path:
    """Two runs, long enough for a server to hear of them while they go."""
    rewrite(place, "seeds: [1, 2]", "seeds: [1]")
    rewrite(place, "values: [1, 2, 3]", "values: [1, 2]")
    rewrite(place, "act: succeed", "act: succeed, nap: 1.5")
    return place


# one at a time, because nx-27017 takes the ids of documents for the order in which they came
ONE_BY_ONE = ("--workers", "1")


@pytest.mark.mongo
def test_a_sweep_into_a_mongodb_runs_everything_once(
    slow_place: Path, sweeps: Sweeps, mongo_address: str
) -> None:
    answer = sweeps("run", "questions.yaml", "--store", mongo_address, *ONE_BY_ONE)

    assert answer.returncode == 0, answer.stderr
    found = Counter((run.config["x"], run.status) for run in open_store(mongo_address).runs())
    assert found == {(1, COMPLETED): 1, (2, COMPLETED): 1}
    outcomes = [lease.outcome for lease in open_leases(mongo_address).leases().values()]
    assert [outcome.exit_code for outcome in outcomes if outcome] == [0, 0, 0]  # two runs, one launcher
    told = json.loads(sweeps("status", "questions.yaml", "--store", mongo_address, "--json").stdout)
    assert (told["done"], told["launchers"], told["runs"]) == (2, [], [])


@pytest.mark.mongo
def test_runs_that_the_server_has_not_are_brought_instead_of_repeated(
    slow_place: Path, sweeps: Sweeps, mongo_address: str
) -> None:
    sweeps("run", "questions.yaml", "--store", mongo_address, *ONE_BY_ONE)
    with MongoClient[dict[str, Any]](mongo_address) as client:
        client.get_default_database().drop_collection("runs")

    answer = sweeps("run", "questions.yaml", "--store", mongo_address)

    assert answer.returncode == 0, answer.stderr
    assert "nothing is missing" in answer.stderr
    assert recorded(slow_place) == {(1, 1, COMPLETED): 1, (2, 1, COMPLETED): 1}
