"""A part of a question file, named with --only."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from sweeps.cli import main
from sweeps.planning.more_seeds import added
from sweeps.planning.plan import Plan, make_plan
from sweeps.views.roster import belongs
from tests.sweeps.conftest import HEAD
from tests.sweeps.scene import recorded, rewrite, started
from tests.sweeps.stored import NOON, store_run
from tracker.errors import TrackerError

Sweeps = Callable[..., subprocess.CompletedProcess[str]]
Start = Callable[..., subprocess.Popen[str]]

QUESTIONS = (
    HEAD
    + """
  - id: wide
    sub_project: Widths
    question: Does width matter?
    children:
      - id: x
        question: Does x matter?
        parameter: x
        values: [1, 2]
        baseline: 1
        children:
          - id: later
            question: And y then?
            when: {parent.verdict: better}
            setup: {x: 1}
            parameter: y
            values: [1, 2]
            baseline: 1
      - {id: z, question: "Does z matter?", parameter: z, values: [1, 2], baseline: 1, setup: {x: 1}}
  - {id: put-aside, question: "Does w matter?", parameter: w, values: [1, 2], baseline: 1, parked: true}
  - {id: again, question: "Does x matter at 2 and 3?", parameter: x, values: [2, 3], baseline: 2}
"""
)


@pytest.fixture
def grove(place: Path) -> Path:
    (place / "questions.yaml").write_text(QUESTIONS)
    rewrite(place, '"x": 1,', '"x": 1, "y": 0, "z": 0,', "toy.py")
    return place


def plan(grove: Path, *only: str) -> Plan:
    return make_plan(grove / "questions.yaml", str(grove / "runs"), NOON, only=only)


def jobs(made: Plan) -> list[tuple[Any, ...]]:
    return [(job.nodes, next(iter(job.values.values())), job.seed) for job in made.jobs]


def test_a_group_is_planned_with_all_beneath_it_and_nothing_else(grove: Path) -> None:
    made = plan(grove, "wide")

    assert {cell.node for cell in made.grid} == {"wide/x", "wide/z"}
    assert len(made.jobs) == 8
    assert len(plan(grove).jobs) == 10
    assert "questions.yaml, only wide: 8 runs to start" in made.summary


def test_a_run_still_counts_for_the_questions_that_are_left_out(grove: Path) -> None:
    made = plan(grove, "again")

    assert jobs(made)[0] == (("wide/x", "again"), 2, 1)
    assert {cell.node for cell in made.grid} == {"again"}


def test_several_parts_stand_in_the_order_of_the_file_and_each_run_once(grove: Path) -> None:
    made = plan(grove, "again", "wide/x", "x")

    assert made.only == ("wide/x", "again")
    assert [job.settings["x"] for job in made.jobs] == [1, 2, 1, 2, 3, 3]


def test_a_part_is_complete_where_the_rest_is_not(grove: Path) -> None:
    for x in (2, 3):
        for seed in (1, 2):
            store_run(grove / "runs", {"act": "succeed", "x": x, "seed": seed}, {"test.accuracy": 10.0 * x})

    assert plan(grove, "again").complete
    assert not plan(grove).complete


@pytest.mark.parametrize(("said", "word"), [("put-aside", "parked"), ("later", "blocked")])
def test_a_question_that_is_not_asked_is_never_complete(grove: Path, said: str, word: str) -> None:
    made = plan(grove, said)

    assert not made.complete
    assert f"is {word}, so that its runs are not asked for" in made.closed[0]


def test_seeds_are_added_to_a_part(grove: Path) -> None:
    for x in (1, 2, 3):
        for seed in (1, 2):
            config = {"act": "succeed", "x": x, "seed": seed}
            store_run(grove / "runs", config, {"test.accuracy": 10.0 * x + seed})
    where = (grove / "questions.yaml", str(grove / "runs"), NOON)

    assert [more.node for more in added(*where)[0]] == ["wide/x", "again"]
    assert [more.node for more in added(*where, only=("again",))[0]] == ["again"]


def test_a_name_that_is_not_there_is_refused(grove: Path) -> None:
    with pytest.raises(TrackerError, match=r"there is no question 'wode'; did you mean 'wide'\?"):
        plan(grove, "wode")


@pytest.mark.parametrize("command", ["plan", "run", "work", "retry", "status", "stop", "logs"])
def test_every_command_refuses_it(grove: Path, command: str) -> None:
    words = [command, str(grove / "questions.yaml"), "--only", "agaim", "--store", str(grove / "runs")]
    answer = CliRunner().invoke(main, words)

    assert answer.exit_code == 1
    assert "there is no question 'agaim'; did you mean 'again'?" in answer.output


@pytest.mark.parametrize("command", ["run", "work"])
def test_a_sweep_over_what_is_not_asked_says_so(grove: Path, command: str) -> None:
    words = [command, str(grove / "questions.yaml"), "--only", "put-aside", "--store", str(grove / "runs")]
    answer = CliRunner().invoke(main, words)

    assert answer.exit_code == 1
    assert "put-aside is parked" in answer.output


def test_a_sweep_does_its_part(grove: Path, sweeps: Sweeps) -> None:
    rewrite(grove, "act: succeed", "act: fail at 2")

    answer = sweeps("run", "questions.yaml", "--only", "again", "--workers", "4")

    assert answer.returncode == 1
    assert set(recorded(grove)) == {
        (2, 1, "FAILED"),
        (2, 2, "FAILED"),
        (3, 1, "COMPLETED"),
        (3, 2, "COMPLETED"),
    }
    assert "sweeps retry questions.yaml --only=again" in answer.stderr
    assert sweeps("logs", "questions.yaml", "--only", "again").stdout.count("\n") == 4
    assert sweeps("logs", "questions.yaml", "--only", "wide/z").returncode == 1
    assert (
        "questions.yaml, only again: 2 of 4 done, 2 failed"
        in sweeps("status", "questions.yaml", "--only", "again").stdout
    )


def test_a_stop_leaves_a_launcher_that_works_on_more(grove: Path, start: Start, sweeps: Sweeps) -> None:
    rewrite(grove, "act: succeed", "act: succeed, nap: 60.0")
    whole = start("run", "questions.yaml", "--workers", "1")
    started(grove, 1)  # of wide/x
    part = start("run", "questions.yaml", "--only", "wide/z", "--workers", "1")
    started(grove, 2)

    answer = sweeps("stop", "questions.yaml", "--only", "wide/z")

    assert answer.returncode == 0, answer.stderr
    assert answer.stderr.count("asked to end: launcher") == 1
    assert answer.stderr.count("asked to end: run") == 1
    assert answer.stderr.count("goes on: launcher") == 1
    part.communicate(timeout=60)
    assert part.returncode == 130
    assert whole.poll() is None
    sweeps("stop", "questions.yaml")
    whole.communicate(timeout=60)
    assert whole.returncode == 130


@pytest.mark.parametrize(
    ("part", "only", "theirs"),
    [
        ((), ("wide",), True),  # a launcher of the whole file
        (("wide/x",), ("wide",), True),
        (("wide",), ("wide/x",), True),
        (("again",), ("wide",), False),
        (("wide",), (), True),
    ],
)
def test_a_launcher_belongs_to_what_it_works_on(
    grove: Path, part: tuple[str, ...], only: tuple[str, ...], theirs: bool
) -> None:
    made = plan(grove, *only)
    launcher: Any = SimpleNamespace(
        details={"file": str(made.questions.resolve()), "only": list(part)},
        holder=SimpleNamespace(host=socket.gethostname()),
    )

    assert belongs(launcher, made) is theirs
