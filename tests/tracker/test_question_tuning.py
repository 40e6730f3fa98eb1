"""What a question may say of its tuning, read strictly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some
from jsonschema import Draft202012Validator

from tracker.errors import QuestionsError
from tracker.questions import Question, load_questions
from tracker.questions.ranges import Range
from tracker.questions.schema import schema
from tracker.questions.tuning import trials_per_value

VALIDATOR = Draft202012Validator(schema())
QUESTION: dict[str, Any] = {
    "id": "q",
    "question": "Why?",
    "parameter": "norm",
    "values": ["bn", "wn"],
    "baseline": "bn",
    "nuisance": {"lr": {"low": 0.003, "high": 3.0, "scale": "log"}},
    "select_by": "val.accuracy",
    "tuning_seeds": [101, 102],
    "trials": 12,
}


def document(**fields: Any) -> dict[str, Any]:
    question = {name: value for name, value in {**QUESTION, **fields}.items() if value is not None}
    return {
        "version": 1,
        "metric": {"name": "test.accuracy"},
        "defaults": {"experiment": "full", "seeds": [1, 2, 3]},
        "tree": [question],
    }


def loaded(folder: Path, **fields: Any) -> Question:
    path = folder / "q.yaml"
    path.write_text(yaml.safe_dump(document(**fields), sort_keys=False))
    return load_questions(path).roots[0]


def test_a_range_with_its_trials_is_read(tmp_path: Path) -> None:
    question = loaded(tmp_path)
    assert question.nuisance == {"lr": Range(0.003, 3.0, "log")}
    assert (question.trials, question.sampler, question.tuning_seeds) == (12, "random", (101, 102))
    assert trials_per_value(question) == 12


def test_lists_may_stand_beside_a_range(tmp_path: Path) -> None:
    nuisance = {
        **QUESTION["nuisance"],
        "nesterov": [True, False],
        "width": {"low": 1, "high": 8, "whole": True},
    }
    question = loaded(tmp_path, nuisance=nuisance, sampler="optuna")
    assert question.nuisance["nesterov"] == (True, False)
    assert question.nuisance["width"] == Range(1, 8, "linear", whole=True)


def test_a_grid_of_a_range_is_a_list_of_even_steps(tmp_path: Path) -> None:
    question = loaded(tmp_path, sampler="grid", trials=4, tuning_seeds=None)
    assert question.nuisance == {"lr": (0.003, 0.03, 0.3, 3.0)}
    assert (question.trials, trials_per_value(question)) == (0, 4)


def test_lists_alone_may_have_tuning_seeds(tmp_path: Path) -> None:
    question = loaded(tmp_path, nuisance={"lr": [0.1, 1.0], "wd": [0, 1]}, trials=None)
    assert question.tuning_seeds == (101, 102)
    assert trials_per_value(question) == 4


LR = QUESTION["nuisance"]["lr"]
TWO = {"lr": LR, "wd": {"low": 0.0, "high": 1.0}}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"nuisance": {"lr": {"low": 1.0}}}, "the range of lr has no high; write lr: {low:"),
        ({"nuisance": {"lr": {**LR, "hgih": 1}}}, "the range of lr has no key 'hgih'; did you mean 'high'?"),
        ({"nuisance": {"lr": {**LR, "low": "a"}}}, "low must be a number, not 'a'"),
        ({"nuisance": {"lr": {**LR, "low": True}}}, "low must be a number, not True"),
        ({"nuisance": {"lr": {**LR, "low": 3.0}}}, "high is 3 and must be over low, which is 3"),
        ({"nuisance": {"lr": {**LR, "scale": "lag"}}}, "scale 'lag' is unknown; did you mean 'log'?"),
        ({"nuisance": {"lr": {**LR, "low": 0}}}, "scale: log takes numbers over 0, not 0; use scale: linear"),
        ({"nuisance": {"lr": {"low": 1, "high": 2.5, "whole": True}}}, "whole: true takes whole ends"),
        ({"nuisance": {"experiment": LR}}, "the experiment is a name, which no range holds"),
        ({"trials": None}, "lr has a range; write trials: 12"),
        ({"trials": 1}, "trials is 1; a choice needs 2 or more"),
        ({"trials": 2.5}, "trials must be a whole number"),
        ({"tuning_seeds": None}, "lr has a range; write tuning_seeds: [101]"),
        ({"tuning_seeds": [101, 2]}, "the seed 2 is in seeds and in tuning_seeds"),
        ({"tuning_seeds": []}, "tuning_seeds must be a list"),
        ({"tuning_seeds": [-1]}, "the seed -1 is not a whole number"),
        ({"sampler": "optna"}, "sampler 'optna' is unknown; did you mean 'optuna'?"),
        ({"sampler": "grid", "nuisance": TWO}, "there are 2 nuisance settings; list the values of each"),
        ({"sampler": "grid", "nuisance": {"k": {"low": 1, "high": 3, "whole": True}}}, "has no 12 different"),
        ({"nuisance": {"k": {"low": 1, "high": 3, "whole": True}}}, "there are only 3 different settings"),
        ({"nuisance": {"lr": [1, 2]}}, "trials is for ranges, and nuisance has lists alone"),
        ({"nuisance": {"lr": [1, 2]}, "trials": None, "sampler": "random"}, "sampler is for ranges"),
        ({"nuisance": None, "select_by": None}, "trials says how nuisance settings are tuned"),
        ({"more_seeds": [3, 4]}, "the seed 3 is in seeds already"),
        ({"more_seeds": [101]}, "the seed 101 is in seeds and in tuning_seeds"),
        ({"trails": 12}, "a question has no key 'trails'; did you mean 'trials'?"),
    ],
)
def test_nonsense_is_refused_with_its_line(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionsError) as caught:
        loaded(tmp_path, **fields)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path / 'q.yaml'}:")


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ({}, True),
        ({"nuisance": {"lr": [0.1, 0.3]}, "trials": None}, True),
        ({"more_seeds": [4]}, True),
        ({"nuisance": {"lr": {"low": 1}}}, False),
        ({"nuisance": {"lr": {**LR, "scale": "ordered"}}}, False),
        ({"trials": 1}, False),
        ({"sampler": "tpe"}, False),
    ],
)
def test_the_schema_says_the_same(tmp_path: Path, fields: dict[str, Any], sound: bool) -> None:
    assert VALIDATOR.is_valid(document(**fields)) is sound
    if sound:
        loaded(tmp_path, **fields)
    else:
        with pytest.raises(QuestionsError):
            loaded(tmp_path, **fields)


def test_a_group_has_no_seeds_to_be_added(tmp_path: Path) -> None:
    group = {"id": "g", "question": "?", "more_seeds": [9], "children": [QUESTION]}
    path = tmp_path / "q.yaml"
    path.write_text(yaml.safe_dump({**document(), "tree": [group]}))
    with pytest.raises(QuestionsError, match="'g' has more_seeds but no values"):
        load_questions(path)


SPANS = some.tuples(some.floats(1e-6, 1e6), some.floats(1e-6, 1e6)).filter(
    lambda ends: ends[0] < 0.99 * ends[1]
)


@given(SPANS, some.sampled_from(["linear", "log"]), some.floats(0, 1))
def test_a_range_holds_what_it_gives(ends: tuple[float, float], scale: str, place: float) -> None:
    span = Range(*ends, scale)
    assert span.holds(span.at(place))
    assert span.at(0) <= span.at(place) <= span.at(1)


def test_a_range_tells_numbers_of_its_own() -> None:
    whole = Range(1, 8, "log", whole=True)
    assert {whole.at(place / 100) for place in range(101)} == set(range(1, 9))
    assert all(type(whole.at(place / 10)) is int for place in range(11))
    assert not whole.holds(2.5)
    assert whole.holds(2.0)
    assert not Range(0.0, 1.0).holds(True)
    assert not Range(0.0, 1.0).holds("0.5")
    assert not Range(0.0, 1.0).holds(math.nan)


def test_the_outer_tenth_of_a_range_is_its_edge() -> None:
    span = Range(0.001, 10.0, "log")
    assert [span.is_edge(lr) for lr in (0.001, 0.002, 0.003, 1.0, 3.0, 5.0, 10.0)] == [
        True, True, False, False, False, True, True,
    ]  # fmt: skip
