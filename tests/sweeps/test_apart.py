"""Answers of another question that cannot be compared with the rest."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sweeps.planning.plan import Plan, make_plan
from tests.sweeps.stored import NOON, store_run
from tracker import answer, load_questions, open_store

FILE = """
version: 1
metric: {name: test.accuracy}
defaults: {experiment: toy, launch: python toy.py, seeds: [1, 2, 3]}
tree:
  - {id: a, question: "Does x matter?", parameter: x, values: [0, 1], baseline: 0}
  - {id: b, question: "And z?", parameter: z, values: [2, 3], baseline: 2, setup: {x: 0}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the questions, and the runs of the one that was asked first."""
    (tmp_path / "q.yaml").write_text(FILE)
    for seed in (1, 2, 3):
        for z in (2, 3):
            done(tmp_path, seed=seed, x=0, z=z)
    return tmp_path


def done(place: Path, told: dict[str, Any] | None = None, default: int = 0, **config: int) -> Path:
    """A run that was told these settings; without a word on z it has the default."""
    given = config if told is None else told
    score = {"test.accuracy": config["x"] + config["seed"] / 10}
    return store_run(
        place / "runs", {"z": default, **config}, score, meta={"command": "main", "config_updates": given}
    )


def plan(place: Path) -> Plan:
    return make_plan(place / "q.yaml", str(place / "runs"), NOON)


def sentence(place: Path) -> str:
    [first, *_] = answer(load_questions(place / "q.yaml"), open_store(str(place / "runs")), NOON)
    return first.computed


def whys(made: Plan) -> list[tuple[int, int, str]]:
    return [(job.settings["x"], job.seed, job.why) for job in made.jobs]


def test_a_question_is_answered_although_another_one_came_first(place: Path) -> None:
    assert {x for x, *_ in whys(plan(place))} == {1}  # nothing is apart before all answers are there
    for seed in (1, 2, 3):
        done(place, seed=seed, x=1)
    assert "not comparable: the runs differ in z" in sentence(place)

    made = plan(place)
    assert not made.complete
    assert [(x, seed) for x, seed, _ in whys(made)] == [(0, 1), (0, 2), (0, 3)]
    assert all(" differs from the others in z" in why and "no run" not in why for *_, why in whys(made))
    assert "z" not in made.jobs[0].settings
    for seed in (1, 2, 3):
        done(place, seed=seed, x=0)

    assert plan(place).complete
    assert "not comparable" not in sentence(place)


def test_a_fresh_run_is_seen_while_it_goes_and_when_it_fails(place: Path) -> None:
    for seed in (1, 2, 3):
        done(place, seed=seed, x=1)
    going = done(place, seed=1, x=0)
    record = json.loads((going / "run.json").read_text())
    record |= {"status": "RUNNING", "heartbeat": NOON.replace(tzinfo=None).isoformat()}
    (going / "run.json").write_text(json.dumps(record))
    assert [(x, seed) for x, seed, _ in whys(plan(place))] == [(0, 2), (0, 3)]

    (going / "run.json").write_text(json.dumps(record | {"status": "FAILED"}))
    assert whys(plan(place))[0][2].startswith("the last one failed on box")


def test_nothing_is_repeated_twice_where_it_does_not_help(place: Path) -> None:
    for seed in (1, 2, 3):
        done(place, seed=seed, x=1)
        done(place, seed=seed, x=0, default=4)  # the default was changed meanwhile
    assert "not comparable" in sentence(place)
    assert plan(place).complete


def test_runs_that_were_told_nothing_are_not_repeated(place: Path) -> None:
    shutil.rmtree(place / "runs")
    (place / "q.yaml").write_text(FILE.partition("  - {id: b")[0])
    for seed in (1, 2, 3):
        done(place, seed=seed, x=0, default=1)
        done(place, seed=seed, x=1)
    assert "not comparable" in sentence(place)
    assert plan(place).complete


def test_where_every_run_was_told_the_few_are_repeated(place: Path) -> None:
    for seed in (1, 2, 3):
        done(place, seed=seed, x=1, z=2)
    shutil.rmtree(place / "runs" / "1")  # seed 1 is left with z=3 alone
    assert [(x, seed) for x, seed, _ in whys(plan(place)) if x == 0 and seed == 1][:1] == [(0, 1)]
    assert {why for *_, why in whys(plan(place)) if "differs" in why} == {
        "run 2 differs from the others in z"
    }
