"""A plan of a question with declared looks asks for the runs of the next look alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sweeps.planning.plan import missing
from tracker.findings import findings
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run
from tracker.tree import build_tree, cells

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUESTION = Question(
    node="q", id="q", line=1, level=1, metric=Metric("acc"), question="Why?", parameter="norm",
    values=("bn", "wn"), baseline="bn", seeds=(1, 2, 3, 4, 5, 6), looks=(3, 5), experiment="full",
    launch="python -m experiments.{experiment}",
)  # fmt: skip


def planned(seeds: int, gap: float) -> list[int]:
    """The seeds of the jobs that are missing, where the first so many seeds are done."""
    done = [cell for cell in cells(QUESTION) if cell.seed <= seeds]
    runs = [
        Run(
            id=id,
            experiment="full",
            status="COMPLETED",
            config=dict(cell.settings),
            seed=cell.seed,
            stopped=NOON,
        )
        for id, cell in enumerate(done)
    ]
    skills = {id: cell.seed % 3 + gap * (cell.value == "wn") for id, cell in enumerate(done)}
    nodes = build_tree(Questions(Path("q"), "p", (QUESTION,)), runs)
    found = findings(nodes, lambda asked, *_: {run.id: skills[int(run.id)] for run in asked}, NOON)
    return sorted({job.seed for job in missing(found, NOON)})


def test_at_first_the_runs_of_the_first_look_are_missing() -> None:
    assert planned(0, 0.1) == [1, 2, 3]
    assert planned(2, 0.1) == [3]


def test_a_look_that_leaves_the_question_open_asks_for_the_next() -> None:
    assert planned(3, 0.1) == [4, 5]


def test_a_look_that_decides_asks_for_nothing() -> None:
    assert planned(3, 50.0) == []


def test_after_the_last_look_nothing_is_missing() -> None:
    assert planned(5, 0.1) == []
