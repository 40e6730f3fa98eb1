"""Settings that a question leaves open, and that runs of another question set otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tracker.asking.left_open import left_open
from tracker.cli import main
from tracker.questions import load_questions

HEAD = """version: 1
metric: {name: acc}
defaults: {experiment: toy, launch: python toy.py, seeds: [1, 2, 3]}
tree:
"""
OPEN = '  - {id: a, question: "x?", parameter: x, values: [0, 1], baseline: 0}\n'
OTHER = '  - {id: b, question: "z?", parameter: z, values: [2, 3], baseline: 2, setup: {x: 0}}\n'
TOLD = "q.yaml:5: a may be answered by runs of b (line 6) that set otherwise what it leaves open; "


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(text: str, **defaults: Any) -> list[str]:
    """With the defaults of the experiment, or without."""
    Path("q.yaml").write_text(HEAD + text)
    return list(left_open(load_questions("q.yaml"), {("python", "toy.py"): defaults} if defaults else {}))


def test_the_question_is_told_with_its_line_the_other_and_what_its_own_runs_have(here: Path) -> None:
    assert told(OPEN + OTHER, x=0, z=2) == [f"{TOLD}say in its `setup` what is meant: {{z: 2}}"]


def test_where_the_default_is_not_known_several_values_are_told(here: Path) -> None:
    assert told(OPEN + OTHER) == [f"{TOLD}say in its `setup` what is meant: {{z: ...}}"]
    assert (
        told(OPEN + OPEN.replace("id: a", "id: b").replace("baseline: 0}", "baseline: 0, setup: {z: 5}}"))
        == []
    )


@pytest.mark.parametrize(
    "text",
    [
        OPEN.replace("baseline: 0}", "baseline: 0, setup: {z: 2}}") + OTHER,
        OPEN.replace("baseline: 0}", "baseline: 0, ignore: [z]}") + OTHER,
        OPEN + OTHER.replace("setup: {x: 0}", "setup: {x: 7}"),
        OPEN + OTHER.replace("setup: {x: 0}", "setup: {x: 0}, experiment: other"),
        OPEN + OTHER.replace("setup: {x: 0}", "setup: {x: 0}, seeds: [4, 5, 6]"),
        OPEN + OTHER.replace("setup: {x: 0}", "setup: {x: 0}, parked: true"),
        OPEN + OPEN.replace("id: a", "id: b").replace("baseline: 0}", "baseline: 0, setup: {z: 2}}"),
    ],
    ids=["said", "ignored", "another value", "another experiment", "other seeds", "parked", "the default"],
)
def test_runs_that_do_not_answer_or_do_not_differ_are_not_told(here: Path, text: str) -> None:
    assert told(text, x=0, z=2) == []


def test_a_run_answers_by_its_defaults_too(here: Path) -> None:
    silent = OTHER.replace(", setup: {x: 0}", "")
    assert told(OPEN + silent, x=0, z=2) == [
        f"{TOLD}say in its `setup` what is meant: {{z: 2}}",
        f"{TOLD.replace('5: a', '6: b').replace('b (line 6)', 'a (line 5)')}"
        "say in its `setup` what is meant: {x: 0}",
    ]
    assert told(OPEN + silent) == []


def test_a_setting_that_is_sampled_is_told(here: Path) -> None:
    tuned = """
  - {id: b, question: "y?", parameter: y, values: [1, 2], baseline: 1, setup: {x: 0},
     nuisance: {lr: {low: 0.01, high: 1.0}}, trials: 12, tuning_seeds: [101, 102], select_by: val.acc}
"""
    found = told(OPEN + tuned, x=0, y=1, lr=0.1)
    assert [one.partition("is meant: ")[2] for one in found] == ["{lr: 0.1, y: 1}"]


def test_of_many_questions_two_are_named(here: Path) -> None:
    others = "".join(OTHER.replace("id: b", f"id: {id}") for id in "bcde")
    assert told(OPEN + others, x=0, z=2)[0].startswith(
        "q.yaml:5: a may be answered by runs of b (line 6) and c (line 7) and 2 more that set otherwise "
    )


def test_the_command_warns_and_does_not_fail(here: Path) -> None:
    Path("toy.py").write_text(
        "from sacred import Experiment\n"
        "experiment = Experiment('toy', save_git_info=False)\n"
        "experiment.add_config({'x': 0, 'z': 2})\n"
        "experiment.main(lambda x, z: None)\n"
        "experiment.run_commandline()\n"
    )
    Path("q.yaml").write_text(HEAD + OPEN + OTHER)
    answer = CliRunner().invoke(main, ["check", "q.yaml"])
    assert (answer.exit_code, answer.stdout) == (0, "q.yaml: sound, 2 questions\n")
    assert answer.stderr == f"but {TOLD}say in its `setup` what is meant: {{z: 2}}\n"
    answer = CliRunner().invoke(main, ["check", "q.yaml", "--no-launch"])
    assert answer.stderr == f"but {TOLD}say in its `setup` what is meant: {{z: ...}}\n"


@pytest.mark.parametrize(
    "name", ["batchnorm.yaml", "contradictions.yaml", "optimisation.yaml", "transfer.yaml"]
)
def test_no_question_of_ours_leaves_open_what_another_varies(name: str) -> None:
    sweeps = Path(__file__).parents[2] / "sweeps"
    for profile in ("", "@cpu"):
        assert list(left_open(load_questions(f"{sweeps / name}{profile}"), {})) == []
