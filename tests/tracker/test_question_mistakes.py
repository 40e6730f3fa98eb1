"""A mistake in a question file is refused with its place, its value and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.question_files import EXAMPLE, HEAD, one, refusal, refused
from tracker.errors import QuestionsError
from tracker.questions import load_questions


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("1e-3", "write 0.001 for the number"),
        ("1e-7", "write 1.0e-07 for the number"),
        ("1E5", "write 100000.0 for the number"),
        ("2.5e10", "write 25000000000.0 for the number"),
        ("no", 'write "no" for text or false'),
        ("off", 'write "off" for text or false'),
        ("Yes", 'write "Yes" for text or true'),
        ("on", 'write "on" for text or true'),
        ("12:30", 'the number 750; write "12:30" for text'),
        ("010", "base eight; write 10"),
        ("None", 'write null for Python\'s None or "None"'),
        ("2026-11-20", 'write "2026-11-20" for text'),
        ("=", 'write "=" for text'),
        (".nan", "not a finite number"),
        ("-.inf", "not a finite number"),
        ("1e999", "not a finite number"),
        ('"\\0"', "no table can hold"),
        ("!!python/name:os.system x", "special"),
        ("!!int abc", "YAML cannot read abc"),
    ],
)
def test_what_yaml_misreads_is_refused_with_the_remedy(tmp_path: Path, written: str, remedy: str) -> None:
    message = refused(tmp_path, base=f"values:\n  - {written}\n  - b\nbaseline: b")
    assert message.startswith("9: ")
    assert remedy in message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1.0e-3", 0.001),
        ('"no"', "no"),
        ("'1e-3'", "1e-3"),
        ('"12:30"', "12:30"),
        ("none", "none"),
        ("0.5", 0.5),
    ],
)
def test_what_the_remedies_say_is_read_as_meant(tmp_path: Path, written: str, value: Any) -> None:
    assert one(tmp_path, base=f"values: [{written}, b]\nbaseline: b").values[0] == value


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["paramter: x"], "a question has no key 'paramter'; did you mean 'parameter'?"),
        (["metric: {nam: acc}"], "metric has no key 'nam'; did you mean 'name'?"),
        (["metric: {name: acc, goal: maximise}"], "goal 'maximise' is unknown; did you mean 'maximize'?"),
        (["metric: {name: acc, reduce: median}"], "reduce 'median' is unknown"),
        (["metric: {name: acc, sesoi: -1}"], "sesoi must be a number over 0"),
        (["metric: {reduce: last}"], "the metric has no name"),
        (["metric: acc"], "metric must be a mapping"),
        (["seeds: []"], "seeds must be a list such as [0, 1, 2, 3, 4]"),
        (["seeds: 5"], "seeds must be a list such as [0, 1, 2, 3, 4]"),
        (["seeds: [1, 1]"], "seeds has 1 twice"),
        (["seeds: [1, a]"], "the seed 'a' is not a whole number"),
        (["seeds: [1, 2.5]"], "the seed 2.5 is not a whole number"),
        (["seeds: [true]"], "the seed True is not a whole number"),
        (["seeds: [-1]"], "the seed -1 is not a whole number"),
        (["alpha: 1.5"], "alpha must be a number over 0 and under 1, such as 0.05, not 1.5"),
        (["alpha: true"], "alpha must be a number"),
        (["name: 3"], 'name must be text, not 3; write it in quotes: "3"'),
        (["notes: [a]"], "notes must be text"),
        (["setup: {norm: bn}"], "'norm' is the parameter and also in setup"),
        (["setup: [a]"], "setup must be a mapping of settings"),
        (["setup: {seed: 3}"], "list the seeds under seeds"),
        (["setup: {model.depth: 1, model: {depth: 2}}"], "setup sets 'model.depth' twice"),
        (["setup: {'a b': 1}"], "'a b' is not the name of a setting"),
        (["setup: {experiment: x}", "experiment: y"], "keep one"),
        (["scale: linear"], "scale 'linear' is unknown"),
        (["scale: log"], "scale: log takes numbers over 0, not 'a'"),
        (["pair_by: order"], "pair_by 'order' is unknown"),
        (["nuisance: {lr: [1, 2]}"], "nuisance needs select_by"),
        (["nuisance: {norm: [1, 2]}", "select_by: val"], "'norm' is the parameter and also a nuisance"),
        (["nuisance: {lr: [1, 2]}", "select_by: acc"], "choose by a validation metric"),
        (["nuisance: {lr: [1, 1.0]}", "select_by: val"], "nuisance lr has 1.0 twice"),
        (["nuisance: {lr: [1]}", "select_by: val", "setup: {lr: 1}"], "'lr' is a nuisance and also in setup"),
        (["select_by: val"], "there are none; drop it"),
        (
            ["nuisance: {lr: [1, 2]}", "select_by: validation.loss"],
            "validation.loss cannot choose: select_by shares the metric's goal (maximize); "
            "choose a metric where more is better, such as validation.accuracy",
        ),
        (["nuisance: {lr: [1, 2]}", "select_by: Val.Error"], "metric's goal (maximize)"),
        (
            ["metric: {name: test.loss, goal: minimize}", "nuisance: {lr: [1]}", "select_by: val_accuracy"],
            "metric's goal (minimize); choose a metric where less is better, such as validation.loss",
        ),
        (["when: {parent.verdict: rising}"], "no question with values is above"),
        (["launch: python {file}"], "launch knows {experiment} alone, not {file}"),
        (["launch: python {"], "is not a command line"),
        (["launch: 'python \"x'"], "is not a command line"),
        (["launch: ''"], "launch is empty"),
        (["ignore: device"], "ignore must be a list"),
        (["children: []"], "children must be a list"),
        (["children: [{id: c, parameter: a, values: [1], baseline: 1}]"], "'c' has no question"),
        (["children: [{id: c, question: y}]"], "'c' has neither children nor values"),
    ],
)
def test_a_mistake_in_a_question_is_refused_with_its_value(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    assert message in refused(tmp_path, *lines)


@pytest.mark.parametrize(
    ("base", "message"),
    [
        (
            "values: [a, b]",
            "'q' has no baseline; name the value to compare with (a, b), or write scale: ordered",
        ),
        ("values: [a, b]\nbaseline: c", "the baseline 'c' is not one of the values: a, b"),
        ("values: [1, 1.0]\nbaseline: 1", "values has 1.0 twice"),
        ("values: []\nbaseline: 1", "values must be a list"),
        ("values: a\nbaseline: a", "values must be a list"),
        ("values: [{a: 1}]\nbaseline: a", "is named with dots"),
        ("values: [1]\nscale: ordered", "needs two values or more"),
        ("values: [1, null]\nscale: ordered", "null has no rank"),
        ("values: [0, 1]\nscale: log", "scale: log takes numbers over 0, not 0"),
        ("baseline: a", "'q' has parameter but no values"),
    ],
)
def test_a_mistake_in_the_values_is_refused(tmp_path: Path, base: str, message: str) -> None:
    assert message in refused(tmp_path, base=base)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the file is empty"),
        ("[]", "1: the file must be a mapping"),
        ("tree: []", "1: version must be 1"),
        ("version: 2\ntree: []", "1: version must be 1"),
        ("version: 1", "1: the file has no tree"),
        ("version: 1\ntree: []", "2: tree must be a list"),
        ("version: 1\ntres: []", "2: the file has no key 'tres'; did you mean 'tree'?"),
        ("version: 1\n\ttree: []", "2: this is not YAML"),
        ("version: 1\nversion: 1\n", "2: 'version' stands twice, the first time on line 1"),
        ("version: 1\ntree: [{id: a, question: b", "2: this is not YAML"),
        ("version: 1\n---\nversion: 1\n", "2: this is not YAML"),
        ("version: 1\ntree: &a [*a]\n", "1: the file is nested without end"),
        ("version: 1\nproject: \x07\n", "2: the character"),
        ("version: 1\n3: x\n", "2: 3 is not a name"),
        ("version: 1\non: x\n", "2: YAML reads on as true"),
        ("version: 1\n? [a]\n: x\n", "2: ['a'] is not a name"),
        (HEAD + "tree: [{question: y}]", "4: the question has no id"),
        (HEAD + "tree: [{id: Depth}]", "4: the id 'Depth' must be small letters"),
        (HEAD + "tree: [{id: 3}]", "4: the id 3 must be small letters"),
        (HEAD + "tree: [{id: q}]", "4: 'q' has neither children nor values"),
        (HEAD + "tree:\n  - {id: q, question: y, values: [1, 2]}", "5: 'q' has values but no parameter"),
        (
            HEAD + "tree: [{id: q, parameter: a, values: [1], baseline: 1}]",
            "4: 'q' has values but no question",
        ),
        (HEAD + "tree: [{id: q, question: y, parameter: seed, values: [1], baseline: 1}]", "not a setting"),
        (
            "version: 1\ntree: [{id: q, question: y, parameter: a, values: [1], baseline: 1}]",
            "2: 'q' has no metric",
        ),
        (
            "version: 1\nmetric: {name: a}\n"
            "tree: [{id: q, question: y, parameter: a, values: [1], baseline: 1}]",
            "3: 'q' has no seeds",
        ),
        (
            "version: 1\nmetric: {name: a}\ndefaults: {seeds: [1]}\n"
            "tree: [{id: q, question: y, parameter: a, values: [1], baseline: 1}]",
            "4: 'q' names no experiment",
        ),
        (
            HEAD + "tree: [{id: q, question: y, parameter: experiment, values: [1], baseline: 1}]",
            "4: the experiment 1 is not text",
        ),
    ],
)
def test_a_mistake_in_the_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    assert message in refusal(tmp_path, text)


def test_two_siblings_may_not_share_an_id(tmp_path: Path) -> None:
    node = "  - {id: q, question: y, parameter: a, values: [1, 2], baseline: 1}\n"
    message = refusal(tmp_path, f"{HEAD}tree:\n{node}{node}")
    assert message.startswith("6: the id 'q' is taken by line 5")


def test_a_condition_takes_a_verdict_that_exists(tmp_path: Path) -> None:
    message = refusal(tmp_path, EXAMPLE.replace("verdict: rising", "verdict: risng"))
    assert "parent.verdict 'risng' is unknown; did you mean 'rising'?" in message


def test_a_missing_file_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(QuestionsError, match=r"none\.yaml:1: cannot read the question file: No such file"):
        load_questions(tmp_path / "none.yaml")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_bytes("project: Tübingen".encode("latin-1"))
    with pytest.raises(QuestionsError, match="is not UTF-8"):
        load_questions(tmp_path / "q.yaml")


@given(st.text(max_size=40), st.integers(0, len(EXAMPLE)))
def test_whatever_is_typed_into_a_file_it_loads_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: str, place: int
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "q.yaml"
    file.write_bytes((EXAMPLE[:place] + noise + EXAMPLE[place:]).encode("utf-8", errors="surrogatepass"))
    outcome = ""
    try:
        load_questions(file)
    except QuestionsError as error:
        outcome = str(error)
    assert outcome == "" or outcome.startswith(f"{file}:")
