"""A question file is read as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tracker.question_files import EXAMPLE, HEAD, load, one
from tracker.questions import load_questions


def test_the_example_of_the_format_loads(tmp_path: Path) -> None:
    questions = load(tmp_path, EXAMPLE)
    nodes = {question.node: question for question in questions.walk()}
    assert list(nodes) == [
        "bn-only",
        "bn-only/vs-all",
        "bn-only/depth",
        "frozen-bn",
        "norm",
        "batch-size",
        "batch-size/fix-frozen",
    ]
    assert questions.project == "bn-cifar10"
    assert nodes["bn-only/depth"].line == 25
    assert [nodes[node].level for node in ("norm", "bn-only/depth")] == [1, 2]
    assert nodes["bn-only/depth"].values == ("resnet20", "resnet32", "resnet56", "resnet110")
    assert nodes["frozen-bn"].values[0] == nodes["frozen-bn"].baseline == "none"
    assert nodes["frozen-bn"].pair_by == "seed"
    assert nodes["norm"].nuisance == {"lr": (0.01, 0.03, 0.1, 0.3)}
    assert nodes["batch-size/fix-frozen"].when == {"parent.verdict": "rising"}
    assert nodes["batch-size"].metric.sesoi == 0.3


def test_children_inherit_and_their_own_words_win(tmp_path: Path) -> None:
    nodes = {question.node: question for question in load(tmp_path, EXAMPLE).walk()}
    child = nodes["bn-only/vs-all"]
    assert (child.sub_project, child.context, child.experiment) == ("BN-only training", "diagnostic", "train")
    assert child.seeds == (0, 1, 2, 3, 4)
    assert child.ignore == ("data_dir", "device", "num_workers", "log_every")
    assert child.setup["model"] == "resnet110"
    assert child.setup["norm"] == "bn"
    assert nodes["batch-size/fix-frozen"].setup["batch_size"] == 4


def test_what_a_question_varies_is_no_longer_fixed_from_above(tmp_path: Path) -> None:
    nodes = {question.node: question for question in load(tmp_path, EXAMPLE).walk()}
    assert "train" not in nodes["bn-only/vs-all"].setup
    assert nodes["bn-only/depth"].setup["train"] == "bn_only"
    assert "lr" not in nodes["norm"].setup


def test_ignored_settings_add_up(tmp_path: Path) -> None:
    text = EXAMPLE.replace("    pair_by: seed", "    ignore: [host, device]")
    assert load(tmp_path, text).roots[1].ignore == ("data_dir", "device", "num_workers", "log_every", "host")


def test_nested_setup_becomes_dotted_names(tmp_path: Path) -> None:
    question = one(tmp_path, "setup: {model: {depth: 20, block: {norm: bn}}, milestones: [0.5, 0.75]}")
    assert question.setup == {"model.depth": 20, "model.block.norm": "bn", "milestones": [0.5, 0.75]}


def test_a_parameter_may_be_dotted(tmp_path: Path) -> None:
    node = "{id: q, question: y, parameter: model.depth, values: [20, 32], baseline: 20}"
    assert load(tmp_path, f"{HEAD}tree: [{node}]").roots[0].parameter == "model.depth"


@pytest.mark.parametrize(
    "place",
    ["experiment: bn_only", "setup: {experiment: bn_only}"],
)
def test_the_experiment_may_stand_in_the_question_or_its_setup(tmp_path: Path, place: str) -> None:
    question = one(tmp_path, place)
    assert (question.experiment, dict(question.setup)) == ("bn_only", {})


def test_the_experiment_may_be_the_parameter(tmp_path: Path) -> None:
    text = (
        HEAD + "tree:\n  - {id: q, question: y, parameter: experiment, values: [full, x], baseline: full}\n"
    )
    question = load(tmp_path, text).roots[0]
    assert (question.parameter, question.values) == ("experiment", ("full", "x"))


def test_a_child_replaces_the_whole_metric(tmp_path: Path) -> None:
    metric = one(tmp_path, "metric: {name: loss, goal: minimize}").metric
    assert (metric.name, metric.goal, metric.unit, metric.sesoi) == ("loss", "minimize", "", None)


def test_null_is_a_value_like_any_other(tmp_path: Path) -> None:
    question = one(tmp_path, base="values: [null, bn]\nbaseline: null")
    assert question.has_baseline
    assert question.values == (None, "bn")


def test_true_and_false_are_truth_values(tmp_path: Path) -> None:
    assert one(tmp_path, base="values: [true, false]\nbaseline: false").values == (True, False)


def test_true_is_not_one(tmp_path: Path) -> None:
    assert one(tmp_path, base="values: [true, 1]\nbaseline: 1").values == (True, 1)


def test_a_byte_order_mark_is_no_matter(tmp_path: Path) -> None:
    (tmp_path / "q.yaml").write_text("\ufeff" + EXAMPLE, encoding="utf-8")
    assert load_questions(tmp_path / "q.yaml").project == "bn-cifar10"


def test_anchors_are_read(tmp_path: Path) -> None:
    text = EXAMPLE.replace("[0, 1, 2, 3, 4]", "&five [0, 1, 2, 3, 4]").replace(
        "    pair_by: seed", "    seeds: *five"
    )
    assert load(tmp_path, text).roots[1].seeds == (0, 1, 2, 3, 4)
