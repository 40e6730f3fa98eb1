"""A profile asks the same questions at other sizes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tracker.cli import main
from tracker.errors import QuestionsError
from tracker.findings.seals import seals_path
from tracker.questions import Questions, load_questions
from tracker.questions.profiles import address_of, file_of, profile_of

FILE = """\
version: 1
metric: {name: test.accuracy}
defaults:
  experiment: full
  context: paper recipe
  seeds: [1, 2, 3]
  setup: {epochs: 160, lr: 0.1}
profiles:
  cpu:
    context: reduced, for a laptop
    seeds: [1, 2]
    setup: {epochs: 6, depth: 14}
tree:
  - id: bn-only
    question: Does it learn?
    setup: {depth: 110, width: 16}
    children:
      - id: depth
        question: Does depth help?
        parameter: depth
        values: [14, 110]
        scale: ordered
        claim: {verdict: rising, at_least: 15}
        profiles:
          cpu: {values: [8, 14], leave_out: [claim]}
      - id: width
        question: Does width help?
        seeds: [7, 8, 9]
        parameter: width
        values: [16, 32]
        scale: log
        profiles:
          cpu: {setup: {depth: 8}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "questions.yaml"
    path.write_text(FILE)
    return path


def changed(file: Path, old: str, new: str) -> Path:
    assert old in FILE
    file.write_text(FILE.replace(old, new))
    return file


def node(questions: Questions, name: str):  # type: ignore[no-untyped-def]
    return next(question for question in questions.walk() if question.node == name)


def test_without_a_profile_the_file_says_what_it_says(file: Path) -> None:
    depth, width = (node(load_questions(file), f"bn-only/{name}") for name in ("depth", "width"))
    assert depth.values == (14, 110)
    assert depth.setup == {"epochs": 160, "lr": 0.1, "width": 16}
    assert depth.claims
    assert width.setup == {"epochs": 160, "lr": 0.1, "depth": 110}
    assert width.seeds == (7, 8, 9)


def test_a_profile_holds_for_every_question_over_what_the_file_says(file: Path) -> None:
    questions = load_questions(address_of(file, "cpu"))
    depth, width = (node(questions, f"bn-only/{name}") for name in ("depth", "width"))
    assert {depth.context, width.context} == {"reduced, for a laptop"}
    assert {depth.seeds, width.seeds} == {(1, 2)}
    assert depth.setup == {"epochs": 6, "lr": 0.1, "width": 16}  # depth is what it varies


def test_a_questions_own_profile_comes_on_top(file: Path) -> None:
    questions = load_questions(address_of(file, "cpu"))
    assert node(questions, "bn-only/depth").values == (8, 14)
    assert node(questions, "bn-only/depth").claims == ()
    assert node(questions, "bn-only/width").setup["depth"] == 8


def test_a_question_keeps_the_metric_of_its_own_where_its_own_profile_says_so(file: Path) -> None:
    metric = "metric: {name: test.accuracy, sesoi: 2}"
    own = "metric: {name: gap, split: training"
    changed(file, "    context: reduced", f"    {metric}\n    context: reduced")
    text = file.read_text().replace("        seeds: [7", f"        {own}}}\n        seeds: [7")
    file.write_text(text.replace("cpu: {setup: {depth: 8}}", f"cpu: {{{own}, sesoi: 1}}}}"))

    plain, reduced = load_questions(file), load_questions(address_of(file, "cpu"))

    assert [node(plain, f"bn-only/{name}").metric.name for name in ("depth", "width")] == [
        "test.accuracy",
        "gap",
    ]
    width, depth = (node(reduced, f"bn-only/{name}").metric for name in ("width", "depth"))
    assert (width.name, width.sesoi) == ("gap", 1)
    assert (depth.name, depth.sesoi) == ("test.accuracy", 2)


def test_what_a_profile_does_not_name_stays(file: Path) -> None:
    plain, reduced = load_questions(file), load_questions(address_of(file, "cpu"))
    for one, other in zip(plain.walk(), reduced.walk(), strict=True):
        assert (one.node, one.question, one.parameter, one.experiment) == (
            other.node,
            other.question,
            other.parameter,
            other.experiment,
        )


def test_a_profile_has_an_address_of_its_own(file: Path) -> None:
    address = address_of(file, "cpu")
    assert address.name == "questions.yaml@cpu"
    assert (file_of(address), profile_of(address)) == (file, "cpu")
    assert (file_of(file), profile_of(file), address_of(file, "")) == (file, "", file)
    assert seals_path(address).name == "questions@cpu.lock.json"
    assert seals_path(file).name == "questions.lock.json"


def test_a_file_with_an_at_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "me@home.yaml"
    path.write_text(FILE)
    assert (file_of(path), profile_of(path)) == (path, "")
    assert load_questions(path).project == "me@home"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "setup: {epochs: 6, depth: 14}",
            "setpu: {epochs: 6}",
            "the profile cpu has no key 'setpu'; did you",
        ),
        (
            "cpu: {setup: {depth: 8}}",
            "cup: {setup: {depth: 8}}",
            "there is no profile 'cup'; did you mean 'cpu'",
        ),
        ("cpu: {setup: {depth: 8}}", "cpu: {id: other}", "the profile cpu of a question has no key 'id'"),
        ("cpu: {setup: {depth: 8}}", "[cpu]", "profiles must be a mapping"),
        ("cpu: {setup: {depth: 8}}", "cpu: {leave_out: claim}", "leave_out must be a list such as"),
        ("cpu: {values: [8, 14]", "cpu: {values: [8]", "needs two values or more"),
    ],
)
def test_a_wrong_profile_is_refused_with_its_line(file: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(QuestionsError, match=rf"questions\.yaml:\d+: .*{re.escape(message)}"):
        load_questions(address_of(changed(file, old, new), "cpu"))


def test_a_profile_that_nobody_asked_for_is_checked_too(file: Path) -> None:
    with pytest.raises(QuestionsError, match="no key 'valeus'; did you mean 'values'"):
        load_questions(changed(file, "cpu: {values: [8, 14]", "cpu: {valeus: [8, 14]"))


def test_an_unknown_profile_is_refused_with_the_known_ones(file: Path) -> None:
    with pytest.raises(QuestionsError, match="there is no profile 'cpux'; did you mean 'cpu'"):
        load_questions(address_of(file, "cpux"))


def test_a_file_without_profiles_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text(re.sub(r"(?m)^profiles:\n(?:  .*\n)+|^ +profiles:\n.*\n", "", FILE))
    with pytest.raises(QuestionsError, match="there is no profile 'cpu'; the file has none"):
        load_questions(address_of(path, "cpu"))


@pytest.mark.parametrize("command", ["check", "tree"])
def test_every_command_takes_a_profile(command: str, file: Path) -> None:
    store = [] if command == "check" else ["--store", str(file.parent / "runs")]
    answer = CliRunner().invoke(main, [command, str(file), "--profile", "cpu", *store])
    assert answer.exit_code == 0, answer.output
    refused = CliRunner().invoke(main, [command, str(file), "--profile", "gpu", *store])
    assert refused.exit_code == 1
    assert "there is no profile 'gpu'" in refused.output


def test_nothing_is_imported_into_a_profile(file: Path) -> None:
    table = file.parent / "tree.csv"
    runs = str(file.parent / "runs")
    CliRunner().invoke(main, ["export", str(file), str(table), "--profile", "cpu", "--store", runs])
    table.write_text(table.read_text().replace("Does depth help?", "Does more depth help?"))
    answer = CliRunner().invoke(main, ["import", str(file), str(table), "--profile", "cpu"])
    assert answer.exit_code == 1
    assert "the profile 'cpu' cannot be written to; write it there by hand" in answer.output
    assert file.read_text() == FILE
