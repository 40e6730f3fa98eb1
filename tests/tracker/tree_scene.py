"""A question on depth, runs for it, and the tree of both."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.statistics.conftest import NOON, make_question
from tracker.questions.question import Question, Questions
from tracker.run import Run
from tracker.tree import Node, build_tree

__all__ = ["NOON", "a_question", "a_run", "answers", "tree"]


def a_question(**fields: Any) -> Question:
    """A question on two depths with two seeds, unless the fields say otherwise."""
    given = {"parameter": "depth", "values": (20, 32), "baseline": 20, "seeds": (1, 2)}
    return make_question(**{**given, **fields})


def a_run(id: int, seed: int = 1, experiment: str = "full", hour: int = 0, **fields: Any) -> Run:
    """A completed run; what is no field of a run is a setting."""
    names = {"status", "heartbeat", "info"}
    given = {name: value for name, value in fields.items() if name in names}
    config = {name: value for name, value in fields.items() if name not in names} | {"seed": seed}
    stopped = NOON + timedelta(hours=hour) if given.get("status", "COMPLETED") == "COMPLETED" else None
    return Run(
        id=id,
        experiment=experiment,
        config=config,
        seed=seed,
        started=NOON,
        stopped=stopped,
        **{"status": "COMPLETED", **given},
    )


def tree(question: Question, *runs: Run) -> Node:
    """The node of the question."""
    return build_tree(Questions(Path("q.yaml"), "p", (question,)), runs)[0]


def answers(node: Node) -> list[int | str | None]:
    """The ids of the runs that answer, cell by cell."""
    return [cell.answer.id if cell.answer else None for cell in node.cells]
