"""Settings that are asked for and that no run has."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.findings import Finding, findings
from tracker.findings.unknown import unknown_settings
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run
from tracker.tree import build_tree

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def a_run(experiment: str = "full", **config: Any) -> Run:
    return Run(id=1, experiment=experiment, status="COMPLETED", config=config, seed=1, stopped=NOON)


def found(*runs: Run, **fields: Any) -> tuple[Finding, ...]:
    given = {
        "node": "q", "id": "q", "line": 1, "level": 1, "metric": Metric("acc"), "question": "Why?",
        "parameter": "depth", "values": (20, 32), "baseline": 20, "seeds": (1, 2), "experiment": "full",
    }  # fmt: skip
    question = Question(**{**given, **fields})
    return findings(build_tree(Questions(Path("q"), "p", (question,)), runs), lambda *_: {}, NOON)


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({}, []),
        ({"parameter": "dpeth"}, ["dpeth"]),
        ({"setup": {"lr": 0.1, "widht": 3}}, ["widht"]),
        ({"setup": {"model.norm": "bn", "model": {}}}, []),
        ({"setup": {"model.nrm": "bn"}}, ["model.nrm"]),
        ({"nuisance": {"lrr": (1, 2)}, "select_by": "val"}, ["lrr"]),
        ({"experiment": "other", "parameter": "dpeth"}, []),
    ],
)
def test_a_setting_that_no_run_of_the_experiment_has_is_named(
    fields: dict[str, Any], names: list[str]
) -> None:
    runs = [a_run(depth=20, lr=0.1, model={"norm": "bn"})]
    assert [name for _, name in unknown_settings(found(*runs, **fields), runs)] == names


def test_it_comes_with_the_settings_that_the_runs_have() -> None:
    runs = [a_run(depth=20), a_run(depth=20, lr=3), a_run("other", dpeth=1)]
    assert unknown_settings(found(*runs, parameter="dpeth"), runs) == {("full", "dpeth"): ("depth", "lr")}
