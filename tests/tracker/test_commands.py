"""The command line that starts a run, read back by Sacred's own parser."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacred.arg_parser import get_config_updates

from tracker.commands import command, written
from tracker.questions.question import Metric, Question
from tracker.tree import Cell


def a_cell(launch: str = "python -m experiments.{experiment}", **settings: Any) -> Cell:
    question = Question(node="q", id="q", line=1, level=1, metric=Metric("acc"), launch=launch)
    return Cell(question, None, {}, 3, settings, ())


def as_sacred_reads(words: list[str]) -> dict[str, Any]:
    updates, named = get_config_updates(words)
    assert not named
    return dict(updates)


def test_the_command_names_the_experiment_its_settings_and_the_seed() -> None:
    cell = a_cell(experiment="bn_only", depth=56, norm="bn")
    assert command(cell) == (
        *("python", "-m", "experiments.bn_only", "with"),
        *("depth=56", "norm=bn", "seed=3"),
    )


def test_a_launch_template_is_split_as_a_shell_would() -> None:
    cell = a_cell('python "my file.py" {experiment} --quiet', experiment="a b")
    assert command(cell)[:4] == ("python", "my file.py", "a b", "--quiet")


@pytest.mark.parametrize("value", ["none", "eval_stats+affine", "resnet-20", "a/b.yaml"])
def test_plain_words_go_bare(value: str) -> None:
    assert written(value) == value


@pytest.mark.parametrize(
    "value", ["None", "True", "1", "1e-3", "", " a ", "[1]", "a=b", "{'a': 1}", "-1", "'a'"]
)
def test_text_that_looks_like_something_else_is_quoted(value: str) -> None:
    assert written(value) == repr(value)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.unwatched
@given(VALUES)
def test_sacred_reads_back_the_value_that_was_meant(value: Any) -> None:
    words = command(a_cell(experiment="full", **{"model.depth": value}))
    assert as_sacred_reads(list(words[4:])) == {"model": {"depth": value}, "seed": 3}
