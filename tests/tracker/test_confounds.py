"""Runs that differ in what their question does not name are told, and those that agree are preferred."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tracker.tree_scene import a_question, a_run, answers, tree


def test_runs_that_differ_in_another_setting_are_confounded() -> None:
    node = tree(a_question(), a_run(1, 1, depth=20, lr=0.1), a_run(2, 1, depth=32, lr=0.01))
    assert node.confounds == {"lr": (0.1, 0.01)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"lr": 1}, {"lr": 1.0}),
        ({"lr": 1}, {}),
        ({"device": "cpu"}, {"device": "cuda"}),
        ({"log": {"every": 1}}, {"log": {"every": 2}}),
        ({"sizes": (1, 2)}, {"sizes": [1, 2]}),
    ],
)
def test_what_is_the_same_or_ignored_or_not_shared_confounds_nothing(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    question = a_question(ignore=("device", "log"))
    assert tree(question, a_run(1, 1, depth=20, **one), a_run(2, 2, depth=32, **other)).confounds == {}


def test_a_nested_difference_is_named_with_dots() -> None:
    node = tree(
        a_question(), a_run(1, 1, depth=20, model={"norm": "bn"}), a_run(2, 1, depth=32, model={"norm": "wn"})
    )
    assert node.confounds == {"model.norm": ("bn", "wn")}


def test_runs_of_two_experiments_are_confounded_where_none_is_asked_for() -> None:
    question = a_question(experiment="", launch="python train.py")
    node = tree(question, a_run(1, 1, "one", depth=20), a_run(2, 1, "two", depth=32))
    assert node.confounds == {"experiment": ("one", "two")}


def test_experiments_that_are_compared_are_not_confounded_by_their_names() -> None:
    question = a_question(parameter="experiment", values=("full", "bn_only"), baseline="full")
    assert tree(question, a_run(1, 1, "full", a=1), a_run(2, 1, "bn_only", b=2)).confounds == {}


def test_a_failed_run_confounds_nothing() -> None:
    node = tree(a_question(), a_run(1, depth=20, lr=1), a_run(2, depth=32, lr=2, status="FAILED"))
    assert node.confounds == {}


def test_of_several_runs_those_answer_that_agree_in_what_the_question_does_not_name() -> None:
    agreeing = [
        a_run(place, seed, depth=depth, lr=0.1)
        for place, (depth, seed) in enumerate([(20, 1), (20, 2), (32, 1), (32, 2)])
    ]
    later = a_run(9, 1, depth=20, lr=0.01, hour=5)

    node = tree(a_question(), *agreeing, later)

    assert answers(node) == [0, 1, 2, 3]
    assert node.confounds == {}


def test_where_nothing_agrees_the_last_run_answers_and_the_difference_is_told() -> None:
    node = tree(a_question(seeds=(1,)), a_run(1, depth=20, lr=0.1), a_run(2, depth=32, lr=0.01))

    assert answers(node) == [1, 2]
    assert node.confounds == {"lr": (0.1, 0.01)}


def test_settings_that_only_one_experiment_has_keep_no_run_from_its_peers() -> None:
    question = a_question(
        parameter="experiment", values=("full", "frozen"), baseline="full", seeds=(1,), experiment=""
    )

    node = tree(question, a_run(1, lr=0.1), a_run(2, experiment="frozen", lr=0.1, calibration=8))

    assert answers(node) == [1, 2]
