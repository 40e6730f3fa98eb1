"""Settings that a question file names and that an experiment of Sacred does not have."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tracker.asking import settings
from tracker.asking.settings import ask_for_settings
from tracker.cli import main
from tracker.commands import WITH
from tracker.questions import load_questions

TOY = """
from sacred import Experiment

experiment = Experiment("toy", save_git_info=False)
sizes = {"depth": 3, "blocks": {"width": 8}}
experiment.add_config({"x": 1, "model": sizes, "text": "a\\n  b = 3", "long": [1] * 99})

@experiment.main
def main(x, hidden=3):
    open("started", "w")

experiment.run_commandline()
"""
HEAD = """
version: 1
metric: {name: acc}
defaults:
  experiment: toy
  launch: python {experiment}.py
  seeds: [1, 2, 3]
"""
SOUND = """
tree:
  - {id: a, question: "x?", parameter: x, values: [1, 2], baseline: 1, setup: {model.depth: 3, hidden: 4}}
"""
WRONG = """  setup:
    model: {dpeth: 3}
tree:
  - id: a
    question: x?
    parameter: xx
    values: [1, 2]
    baseline: 1
  - id: b
    question: y?
    parameter: recipe
    values:
      - {name: one, set: {text: "a", beyond: [1]}}
      - {name: two, set: {text: "b", beyond: [2]}}
    baseline: one
    nuisance:
      model.blocks.width: [1, 2]
      nowhere: [1, 2]
    select_by: validation.acc
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.py").write_text(TOY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(text: str, *words: str) -> Result:
    Path("q.yaml").write_text(text)
    return CliRunner().invoke(main, ["check", "q.yaml", *words])


def test_settings_that_an_experiment_shows_or_takes_are_sound_and_nothing_is_run(here: Path) -> None:
    told = check(HEAD + SOUND)
    assert (told.exit_code, told.stdout, told.stderr) == (0, "q.yaml: sound, 1 question\n", "")
    assert not (here / "started").exists()


def test_every_setting_that_is_not_there_is_told_with_its_line_and_the_closest(here: Path) -> None:
    told = check(HEAD + WRONG)
    assert told.exit_code == 1
    assert told.stderr.removeprefix("Error: ").splitlines() == [
        "q.yaml:9: python toy.py has no setting 'model.dpeth'; did you mean 'model.depth'?",
        "q.yaml:13: python toy.py has no setting 'xx'; `python toy.py print_config` shows all",
        "q.yaml:20: python toy.py has no setting 'beyond'; `python toy.py print_config` shows all",
        "q.yaml:25: python toy.py has no setting 'nowhere'; `python toy.py print_config` shows all",
    ]


def test_what_sacred_takes_without_a_word_though_nothing_shows_it_is_a_note(here: Path) -> None:
    (here / "toy.py").write_text(TOY.replace("@exp", "experiment.add_config({'y': 1})\n\n@exp"))
    told = check(HEAD + SOUND.replace(", hidden: 4", ", yy: 4"))
    assert told.exit_code == 0
    assert told.stderr == (
        "but q.yaml:10: python toy.py takes 'yy' and shows no such setting; "
        "`python toy.py print_config` shows all\n"
    )


def test_a_setting_that_is_there_only_beside_another_is_sound(here: Path) -> None:
    scope = "@experiment.config\ndef more(x):\n    if x > 1:\n        deep = 3\n\n@exp"
    (here / "toy.py").write_text(TOY.replace("@exp", scope))
    told = check(
        HEAD
        + SOUND.replace(
            "values: [1, 2], baseline: 1",
            "values: [2, 3], baseline: 2, nuisance: {deep: [1, 2]}, select_by: validation.acc",
        )
    )
    assert (told.exit_code, told.stderr) == (0, "")


def test_nobody_is_asked_where_nobody_shall_be(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ask", None)
    assert check(HEAD + WRONG, "--no-launch").exit_code == 0


@pytest.mark.parametrize(
    ("launch", "reason"),
    [
        ("python -m no_such_module", "No module named no_such_module"),
        ("python other.py", "print_config shows no configuration"),
        ("no-such-program", "there is no program no-such-program"),
        ("sh started.sh", "only programs of Python are asked"),
    ],
)
def test_what_cannot_be_asked_is_a_note_and_no_error(here: Path, launch: str, reason: str) -> None:
    (here / "other.py").write_text("print('hello')")
    (here / "started.sh").write_text("touch started")
    told = check(HEAD.replace("python {experiment}.py", launch) + SOUND)
    assert (told.exit_code, told.stdout) == (0, "q.yaml: sound, 1 question\n")
    assert told.stderr.startswith(f"but the settings of `{launch}` could not be looked at: ")
    assert reason in told.stderr
    assert not (here / "started").exists()


def test_a_program_that_cannot_be_started_is_told_with_the_reason(here: Path) -> None:
    (here / "python3").write_text("#!/no/such/interpreter\n")
    (here / "python3").chmod(0o755)
    told = check(HEAD.replace("python {experiment}.py", "./python3 toy.py") + SOUND)
    assert told.exit_code == 0
    assert told.stderr == (
        "but the settings of `./python3 toy.py` could not be looked at: "
        "./python3 cannot be started (No such file or directory)\n"
    )


def test_a_setting_that_an_experiment_does_not_answer_about_is_a_note(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = settings.ask
    silent = "no answer within 60 s"
    monkeypatch.setattr(settings, "ask", lambda words, *how: silent if WITH in words else once(words, *how))
    told = check(HEAD + SOUND)
    assert told.exit_code == 0
    assert told.stderr == (
        "but q.yaml:10: python toy.py shows no setting 'hidden', and does not say whether it takes it: "
        "no answer within 60 s\n"
    )


def test_an_experiment_is_asked_once_however_many_questions_name_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    once = settings.ask
    monkeypatch.setattr(settings, "ask", lambda *words: asked.append(words) or once(*words))
    more = "".join(SOUND.replace("tree:\n", "").replace("id: a", f"id: {id}") for id in "bcd")
    Path("q.yaml").write_text((HEAD + SOUND + more).replace(", hidden: 4", ""))
    assert not ask_for_settings(load_questions("q.yaml")).unknown
    assert len(asked) == 1
