"""Values that set several things at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tracker.commands import command
from tracker.errors import QuestionsError
from tracker.questions import Question, Questions, load_questions
from tracker.run import Run
from tracker.tree import build_tree, cells

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
FILE = """\
version: 1
metric: {name: test.accuracy}
defaults: {experiment: full, seeds: [1, 2], setup: {lr: 0.1, depth: 20}}
tree:
  - id: recipe
    question: Which recipe is better?
    parameter: recipe
    values:
      - {name: steps, set: {schedule: multistep, epochs: 160}}
      - {name: cosine, set: {schedule: cosine, epochs: 100, lr: 0.2}}
    baseline: steps
"""


def load(tmp_path: Path, text: str = FILE) -> Question:
    file = tmp_path / "questions.yaml"
    file.write_text(text)
    return load_questions(file).roots[0]


def refused(tmp_path: Path, steps: str, cosine: str = "{name: cosine, set: {lr: 2}}") -> str:
    text = FILE.replace("{name: steps, set: {schedule: multistep, epochs: 160}}", steps)
    text = text.replace("{name: cosine, set: {schedule: cosine, epochs: 100, lr: 0.2}}", cosine)
    with pytest.raises(QuestionsError) as caught:
        load(tmp_path, text)
    return str(caught.value).removeprefix(f"{tmp_path / 'questions.yaml'}:")


def test_a_variant_is_a_value_by_its_name(tmp_path: Path) -> None:
    question = load(tmp_path)
    assert (question.values, question.baseline) == (("steps", "cosine"), "steps")
    assert question.varied == ("schedule", "epochs", "lr")


def test_what_one_variant_leaves_open_is_the_setups(tmp_path: Path) -> None:
    question = load(tmp_path)
    assert question.variants == {
        "steps": {"schedule": "multistep", "epochs": 160, "lr": 0.1},
        "cosine": {"schedule": "cosine", "epochs": 100, "lr": 0.2},
    }
    assert question.setup == {"depth": 20}


def test_a_cell_of_a_variant_asks_for_its_settings(tmp_path: Path) -> None:
    found = list(cells(load(tmp_path)))
    assert [(cell.value, cell.seed) for cell in found] == [
        ("steps", 1), ("steps", 2), ("cosine", 1), ("cosine", 2)
    ]  # fmt: skip
    assert found[2].settings == {
        "experiment": "full",
        "depth": 20,
        "schedule": "cosine",
        "epochs": 100,
        "lr": 0.2,
    }
    assert command(found[2])[-5:] == ("depth=20", "schedule=cosine", "epochs=100", "lr=0.2", "seed=1")


def test_runs_of_two_variants_are_not_confounded_by_what_the_variants_set(tmp_path: Path) -> None:
    question = load(tmp_path)
    runs = [
        Run(
            id=place,
            experiment="full",
            status="COMPLETED",
            config=dict(cell.settings),
            seed=cell.seed,
            stopped=NOON,
        )
        for place, cell in enumerate(cells(question))
    ]
    node = build_tree(Questions(Path("q"), "p", (question,)), runs)[0]
    assert [cell.answer and cell.answer.id for cell in node.cells] == [0, 1, 2, 3]
    assert node.confounds == {}


def test_a_variant_may_set_the_experiment_and_nested_settings(tmp_path: Path) -> None:
    text = FILE.replace("{schedule: multistep, epochs: 160}", "{experiment: bn_only, model: {norm: bn}}")
    text = text.replace("{schedule: cosine, epochs: 100, lr: 0.2}", "{model.norm: wn}")
    question = load(tmp_path, text)
    assert question.variants["steps"] == {"experiment": "bn_only", "model.norm": "bn"}
    assert question.variants["cosine"] == {"experiment": "full", "model.norm": "wn"}
    assert [cell.settings["experiment"] for cell in cells(question)] == ["bn_only", "bn_only", "full", "full"]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("steps", "9: 'steps' stands among named variants; write it as one"),
        ("{name: steps, set: {}}", "the variant sets nothing"),
        ("{name: steps, set: lr}", "set must be a mapping of settings"),
        ("{set: {lr: 1}}", "the variant has no name"),
        ("{name: 3, set: {lr: 1}}", "name must be text, not 3"),
        ("{name: steps, lr: 1}", "a variant needs a name and what it sets"),
        ("{name: steps, sett: {lr: 1}, set: {lr: 1}}", "a variant has no key 'sett'; did you mean 'set'?"),
        ("{name: cosine, set: {lr: 1}}", "10: values has the variant 'cosine' twice"),
        ("{name: steps, set: {lr: 2.0}}", "10: the variants 'steps' and 'cosine' set the same"),
        (
            "{name: steps, set: {epochs: 3}}",
            "10: the variant 'cosine' leaves epochs open, which another one sets",
        ),
        ("{name: steps, set: {seed: 3}}", "list the seeds under seeds"),
        ("{name: steps, set: {'a b': 3}}", "'a b' is not the name of a setting"),
    ],
)
def test_a_mistake_in_a_variant_is_refused(tmp_path: Path, steps: str, message: str) -> None:
    assert message in refused(tmp_path, steps)


def test_a_nuisance_may_not_be_set_by_variants_too(tmp_path: Path) -> None:
    text = FILE + "    nuisance: {lr: [0.1, 0.3]}\n    select_by: validation.accuracy\n"
    with pytest.raises(QuestionsError, match="'lr' is a nuisance and also set by the variants"):
        load(tmp_path, text)


def test_variants_may_lie_in_an_order(tmp_path: Path) -> None:
    assert load(tmp_path, FILE + "    scale: ordered\n").scale == "ordered"
    with pytest.raises(QuestionsError, match="scale: log takes numbers over 0"):
        load(tmp_path, FILE + "    scale: log\n")
