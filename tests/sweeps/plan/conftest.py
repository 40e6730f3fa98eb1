"""Two questions of a toy, and the plan of what they miss."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sweeps.planning.plan import Plan, make_plan
from tests.sweeps.stored import NOON, store_run

LATER = NOON + timedelta(days=1)
FILE = """
version: 1
metric: {{name: test.accuracy}}
defaults: {{experiment: toy, launch: python toy.py, seeds: [1, 2], setup: {{act: succeed}}}}
tree:
  - {{id: first, question: "Does x matter?", parameter: x, values: [1, 2, 3], baseline: 1 {first}}}
  - {{id: second, question: "And y?", parameter: y, values: [1, 2], baseline: 1, setup: {{x: 1}} {second}}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the questions and their runs are."""
    return tmp_path


def plan(folder: Path, first: str = "", second: str = "", **how: Any) -> Plan:
    """The plan, with more words in each question."""
    path = folder / "q.yaml"
    path.write_text(FILE.format(first=first, second=second))
    return make_plan(path, str(folder / "runs"), LATER, **how)


def done(folder: Path, config: dict[str, Any], seconds: float = 60.0, **how: Any) -> None:
    """A run that has ended."""
    store_run(folder / "runs", {"act": "succeed", **config}, {"test.accuracy": 1.0}, seconds=seconds, **how)


def order(made: Plan) -> list[tuple[Any, ...]]:
    """Question, values and seed of each job."""
    return [(job.nodes[0], *job.values.values(), job.seed) for job in made.jobs]


def whys(made: Plan) -> dict[tuple[Any, int], str]:
    """Why the runs of the first question are missing, by x and seed."""
    return {(job.settings["x"], job.seed): job.why for job in made.jobs if job.nodes == ("first",)}
