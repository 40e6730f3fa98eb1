"""Question files, whole or in a few lines, loaded or refused."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tracker.errors import QuestionsError
from tracker.questions import Question, Questions, load_questions

EXAMPLE = """\
version: 1
project: bn-cifar10
metric: {name: test.accuracy, reduce: last, goal: maximize, unit: "%", sesoi: 0.3}
defaults:
  experiment: train
  launch: python experiments/train.py {experiment}
  context: diagnostic
  seeds: [0, 1, 2, 3, 4]
  alpha: 0.05
  setup: {dataset: cifar10, epochs: 160, optimizer: sgd, lr: 0.1, wd: 0.0001}
  ignore: [data_dir, device, num_workers, log_every]
tree:
  - id: bn-only
    sub_project: BN-only training
    question: How far can training only the BatchNorm affine parameters go?
    setup: {norm: bn, train: bn_only, batch_size: 128}
    children:
      - id: vs-all
        question: How much accuracy is lost against training every weight?
        parameter: train
        values: [all, bn_only]
        baseline: all
        setup: {model: resnet110}
        hypothesis: bn_only stays at least 15 points below all
      - id: depth
        question: Does accuracy rise with depth when only BN is trained?
        parameter: model
        values: [resnet20, resnet32, resnet56, resnet110]
        scale: ordered
  - id: frozen-bn
    question: What has to be frozen when fine-tuning with a small batch?
    parameter: bn_freeze
    values: ["none", eval_stats, momentum_zero, affine, eval_stats+affine]
    baseline: "none"
    pair_by: seed
  - id: norm
    question: Is weight norm a drop-in replacement for BatchNorm here?
    parameter: norm
    values: [bn, wn, "none"]
    baseline: bn
    nuisance: {lr: [0.01, 0.03, 0.1, 0.3]}
    select_by: val.accuracy
  - id: batch-size
    question: Below which batch size does BatchNorm lose accuracy?
    parameter: batch_size
    values: [4, 8, 16, 32, 64, 128, 256, 512]
    scale: log
    baseline: 128
    children:
      - id: fix-frozen
        question: Does eval-mode BN repair the small-batch loss?
        when: {parent.verdict: rising}
        parameter: bn_freeze
        values: ["none", eval_stats]
        setup: {batch_size: 4}
        baseline: "none"
"""

HEAD = """\
version: 1
metric: {name: acc}
defaults: {experiment: full, seeds: [0, 1, 2]}
"""


def load(tmp_path: Path, text: str) -> Questions:
    """The questions in a file with this text."""
    file = tmp_path / "questions.yaml"
    file.write_text(text, encoding="utf-8")
    return load_questions(file)


def one(tmp_path: Path, *lines: str, base: str = "values: [a, b]\nbaseline: a") -> Question:
    """The question `q` with these lines beside parameter, values and baseline, from line 5 on."""
    body = textwrap.indent("\n".join(["question: Why?", "parameter: norm", base, *lines]), "    ")
    return load(tmp_path, f"{HEAD}tree:\n  - id: q\n{body}\n").roots[0]


def refusal(tmp_path: Path, text: str) -> str:
    """Why a file with this text is refused, from its line on."""
    with pytest.raises(QuestionsError) as caught:
        load(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'questions.yaml'}:")
    return message.removeprefix(f"{tmp_path / 'questions.yaml'}:")


def refused(tmp_path: Path, *lines: str, base: str = "values: [a, b]\nbaseline: a") -> str:
    """Why the question `q` with these lines is refused."""
    body = textwrap.indent("\n".join(["question: Why?", "parameter: norm", base, *lines]), "    ")
    return refusal(tmp_path, f"{HEAD}tree:\n  - id: q\n{body}\n")
