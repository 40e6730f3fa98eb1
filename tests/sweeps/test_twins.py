"""Runs that one question declares in full, and another with the experiment's defaults left out."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sweeps.checks.configs import configs
from sweeps.planning.plan import Plan, make_plan
from sweeps.planning.twins import Twins
from tests.sweeps.conftest import HEAD, TOY
from tests.sweeps.scene import recorded, rewrite
from tests.sweeps.stored import NOON, store_run

Asked = list[tuple[str, ...]]
FILE = (
    HEAD
    + """
  - {id: first, question: "Does x matter?", parameter: x, values: [1, 2, 3], baseline: 1}
  - {id: second, question: "Without a nap?", parameter: x, values: [1, 2], baseline: 1, setup: {nap: 0.0}}
"""
)
DEFAULTS = {"x": "1", "y": "0"}  # as a command line writes them


@pytest.fixture
def twins(place: Path) -> Path:
    """A folder with the toy and two questions, of which one states a default of the toy's."""
    (place / "questions.yaml").write_text(FILE)
    return place


def ask(commands: Sequence[tuple[str, ...]], asked: Asked) -> list[Mapping[str, Any] | None]:
    """What an experiment would say whose defaults are known, where z follows b."""
    asked += commands
    told = [dict(word.split("=") for word in command[command.index("with") + 1 :]) for command in commands]
    return [{**DEFAULTS, "z": "4" if one.get("b") == "2" else "0", **one} for one in told]


def plan(folder: Path, tree: str, twins: Twins | None, **how: Any) -> Plan:
    path = folder / "q.yaml"
    head = FILE.partition("tree:")[0].replace(", setup: {act: succeed}", "")
    path.write_text(f"{head}tree:\n{tree}")
    return make_plan(path, str(folder / "runs"), NOON, twins=twins, **how)


def question(id: str, parameter: str, values: str, setup: str = "") -> str:
    return (
        f'  - {{id: {id}, question: "{id}?", parameter: {parameter}, values: {values}, scale: ordered, '
        f"setup: {{{setup}}}}}\n"
    )


def test_a_run_is_started_once_where_one_question_states_a_default(
    twins: Path, sweeps: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    answer = sweeps("run", "questions.yaml", "--workers", "4")

    assert answer.returncode == 0, answer.stderr
    assert "for first, second" in answer.stderr
    assert "[6 of 6 done]" in answer.stderr
    assert recorded(twins) == Counter((x, seed, "COMPLETED") for x in (1, 2, 3) for seed in (1, 2))


def test_two_launchers_at_once_share_twins(twins: Path, start: Callable[..., subprocess.Popen[str]]) -> None:
    rewrite(twins, "seeds: [1, 2]", "seeds: [1]")
    parts = ("first", "second")  # none sees the other's question among its own
    both = [start("work", "questions.yaml", "--workers", "3", "--only", part) for part in parts]

    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors

    assert recorded(twins) == Counter((x, 1, "COMPLETED") for x in (1, 2, 3))


def test_a_run_for_twins_states_what_any_of_them_does(tmp_path: Path) -> None:
    tree = question("of-y", "x", "[1, 2]", "y: 0") + question("of-z", "x", "[2, 3]", "z: 0")
    made = plan(tmp_path, tree, Twins(partial(ask, asked=[])))

    assert len(made.jobs) == 6
    both = [job for job in made.jobs if len(job.nodes) == 2]
    assert [(job.nodes, dict(job.settings), job.seed) for job in both] == [
        (("of-y", "of-z"), {"experiment": "toy", "x": 2, "y": 0, "z": 0}, seed) for seed in (1, 2)
    ]
    assert both[0].command == ("python", "toy.py", "with", "y=0", "x=2", "z=0", "seed=1")
    keys = [cell.key for cell in made.grid if (cell.value, cell.seed) == (2, 1)]
    assert keys == [both[0].key] * 2


def test_a_part_of_the_questions_has_the_same_keys(tmp_path: Path) -> None:
    tree = question("of-y", "x", "[1, 2]", "y: 0") + question("of-z", "x", "[2, 3]", "z: 0")
    known = Twins(partial(ask, asked=[]))
    whole = {job.key for job in plan(tmp_path, tree, known).jobs if len(job.nodes) == 2}

    for node in ("of-y", "of-z"):
        jobs = plan(tmp_path, tree, known, only=[node]).jobs
        assert whole < {job.key for job in jobs}


def test_a_setting_that_follows_another_makes_no_twins(tmp_path: Path) -> None:
    tree = question("open", "b", "[1, 2]") + question("stated", "b", "[1, 2]", "z: 0")
    made = plan(tmp_path, tree, Twins(partial(ask, asked=[])))
    assert sorted((job.settings["b"], job.nodes) for job in made.jobs if job.seed == 1) == [
        (1, ("open", "stated")),
        (2, ("open",)),
        (2, ("stated",)),
    ]


def test_only_what_may_have_a_twin_is_asked_and_once(tmp_path: Path) -> None:
    asked: Asked = []
    known = Twins(partial(ask, asked=asked))
    tree = question("open", "x", "[1, 2, 3]") + question("stated", "y", "[0, 1]", "x: 1")
    for _ in range(2):
        made = plan(tmp_path, tree, known)
    assert [command[2:-1] for command in asked] == [
        ("with", "x=1"),
        ("with", "x=1", "y=0"),
        ("with", "x=1", "y=1"),
    ]
    assert sorted(job.nodes for job in made.jobs if job.seed == 1) == [
        ("open",), ("open",), ("open", "stated"), ("stated",)
    ]  # fmt: skip


def test_whoever_does_not_tell_is_asked_once_and_nothing_is_merged(tmp_path: Path) -> None:
    asked: Asked = []

    def silent(commands: Sequence[tuple[str, ...]]) -> list[None]:
        asked.extend(commands)
        return [None] * len(commands)

    tree = question("open", "x", "[1, 2]") + question("stated", "x", "[1, 2]", "y: 0")
    with_it, without = plan(tmp_path, tree, Twins(silent)), plan(tmp_path, tree, None)
    assert len(asked) == 1
    assert with_it.jobs == without.jobs
    assert len(without.jobs) == 8


def test_what_is_held_under_the_key_of_one_question_is_not_started(tmp_path: Path) -> None:
    tree = question("of-y", "x", "[2]", "y: 0") + question("of-z", "x", "[2]", "z: 0")
    tree = tree.replace("scale: ordered", "baseline: 2")
    alone = {job.nodes[0]: job.key for job in plan(tmp_path, tree, None).jobs if job.seed == 1}
    [job] = [job for job in plan(tmp_path, tree, Twins(partial(ask, asked=[]))).jobs if job.seed == 1]
    assert job.key == min(alone.values())
    assert all(job.is_among({key}) for key in alone.values())
    assert not job.is_among({"another"})


def test_a_run_that_is_done_keeps_the_key_it_was_done_under(tmp_path: Path) -> None:
    folder = store_run(tmp_path / "runs", {"x": 1, "y": 0, "seed": 1}, {"test.accuracy": 1.0})
    (folder / "info.json").write_text('{"tracker": {"lease": "0123456789abcdef"}}')
    made = plan(tmp_path, question("open", "x", "[1, 2]"), None)
    assert {cell.key for cell in made.grid if cell.state == "done"} == {"0123456789abcdef"}


def test_experiments_tell_their_whole_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.py").write_text(TOY)
    (tmp_path / "other.py").write_text("import sys; print(sys.argv)")
    told = configs([("python", name, "with", "x=2", "seed=1") for name in ("toy.py", "other.py")], "runs")
    assert told == [{"x": 2, "act": "succeed", "nap": 0.0, "seed": 1}, None]
    assert not (tmp_path / "runs").exists()
