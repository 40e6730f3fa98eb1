"""The published schema says what the loader says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tracker.errors import QuestionsError
from tracker.questions import load_questions
from tracker.questions.keys import KEYS
from tracker.questions.schema import PUBLISHED, schema, written

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "sweeps").glob("*.yaml"))
VALIDATOR = Draft202012Validator(schema())
SOUND: dict[str, Any] = {
    "version": 1,
    "metric": {"name": "test.accuracy"},
    "defaults": {"experiment": "full", "seeds": [1, 2, 3]},
    "tree": [{"id": "q", "question": "Why?", "parameter": "norm", "values": ["a", "b"], "baseline": "a"}],
}


def test_the_schema_is_a_schema_and_published_as_it_is() -> None:
    Draft202012Validator.check_schema(schema())
    assert PUBLISHED.read_text(encoding="utf-8") == written()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_every_shipped_file_validates(path: Path) -> None:
    VALIDATOR.validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert "yaml-language-server: $schema=../tracker/questions/schema.json" in path.read_text(
        encoding="utf-8"
    )


def test_every_example_of_the_documents_validates() -> None:
    text = (ROOT / "docs/questions.md").read_text(encoding="utf-8")
    examples = [found for found in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "version:" in found]
    assert examples
    for example in examples:
        VALIDATOR.validate(yaml.safe_load(example))


def changed(**fields: Any) -> dict[str, Any]:
    """The sound file with other fields in its question."""
    question = {name: value for name, value in {**SOUND["tree"][0], **fields}.items() if value is not None}
    return {**SOUND, "tree": [question]}


@pytest.mark.parametrize(
    ("fields", "sound"),
    [
        ({}, True),
        ({"paramter": "x"}, False),
        ({"id": "Q"}, False),
        ({"id": None}, False),
        ({"seeds": []}, False),
        ({"seeds": [-1]}, False),
        ({"seeds": ["1"]}, False),
        ({"alpha": 0}, False),
        ({"alpha": 0.01}, True),
        ({"scale": "linear"}, False),
        ({"scale": "ordered"}, True),
        ({"pair_by": "seed"}, True),
        ({"looks": [3, 5]}, True),
        ({"parked": True}, True),
        ({"parked": "yes"}, False),
        ({"looks": [2, 3]}, False),
        ({"values": []}, False),
        ({"setup": {"a b": 1}}, False),
        ({"setup": {"model": {"depth": 20}}}, True),
        ({"ignore": ["device"]}, True),
        ({"ignore": "device"}, False),
        ({"nuisance": {"lr": [0.1, 0.3]}, "select_by": "validation.accuracy"}, True),
        ({"nuisance": {"lr": 0.1}, "select_by": "validation.accuracy"}, False),
        ({"metric": {"name": "acc", "split": "test", "sesoi": 0.3}}, True),
        ({"metric": {"name": "acc", "sesoi": 0}}, False),
        ({"metric": {"reduce": "last"}}, False),
        ({"when": {"parent.verdict": "risng"}}, False),
        ({"claim": {"verdict": "worse", "at_least": 3, "source": "a paper, table 2"}}, True),
        ({"claim": [{"verdict": "worse"}, {"verdict": "better", "value": "b"}]}, True),
        ({"claim": {"at_least": 3}}, False),
        ({"claim": {"verdict": "inconclusive"}}, False),
        ({"finding": "It is so."}, True),
        ({"finding": {"text": "It is so.", "verdict": "worse"}}, True),
        ({"finding": {"verdict": "worse"}}, False),
        ({"values": [{"name": "a", "set": {"lr": 1}}, {"name": "b", "set": {"lr": 2}}]}, True),
        ({"values": [{"name": "a", "set": {}}, {"name": "b", "set": {"lr": 2}}]}, False),
        ({"values": [{"set": {"lr": 1}}, {"name": "b", "set": {"lr": 2}}]}, False),
    ],
)
def test_schema_and_loader_agree(tmp_path: Path, fields: dict[str, Any], sound: bool) -> None:
    document = changed(**fields)
    file = tmp_path / "questions.yaml"
    file.write_text(json.dumps(document))

    assert VALIDATOR.is_valid(document) == sound
    if sound:
        assert load_questions(file).roots
    else:
        with pytest.raises(QuestionsError):
            load_questions(file)


def test_every_key_is_described_in_the_documents() -> None:
    described = (ROOT / "docs/questions.md").read_text(encoding="utf-8")
    assert [key.name for key in KEYS if f"`{key.name}`" not in described] == []
