"""Which runs answer which question."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tracker.tree_scene import NOON, a_question, a_run, answers, tree
from tracker.configs import look_up, same
from tracker.questions.question import Question, Questions
from tracker.run import Run
from tracker.tree import Cell, build_tree, cells


def matches(settings: dict[str, Any], seed: int, run: Run) -> bool:
    """What the index must find, written plainly."""
    given = {**run.config, "experiment": run.experiment}
    return run.seed == seed and all(same(look_up(given, name), value) for name, value in settings.items())


def test_cells_are_every_value_with_every_nuisance_and_seed() -> None:
    question = a_question(setup={"width": 16}, nuisance={"lr": (0.1, 0.3)}, select_by="val")
    found = list(cells(question))
    assert [(cell.value, cell.nuisance["lr"], cell.seed) for cell in found] == [
        (value, lr, seed) for value in (20, 32) for lr in (0.1, 0.3) for seed in (1, 2)
    ]
    assert found[0].settings == {"experiment": "full", "width": 16, "depth": 20, "lr": 0.1}


def test_the_experiment_as_parameter_replaces_the_declared_one() -> None:
    question = a_question(parameter="experiment", values=("full", "bn_only"), baseline="full")
    assert [cell.settings for cell in cells(question)][-1] == {"experiment": "bn_only"}


def test_a_run_belongs_to_the_cell_whose_settings_and_seed_it_has() -> None:
    node = tree(a_question(), a_run(1, 1, depth=20, lr=0.1), a_run(2, 2, depth=32), a_run(3, 9, depth=20))
    assert answers(node) == [1, None, None, 2]


def test_a_run_of_another_experiment_does_not_count() -> None:
    assert answers(tree(a_question(), a_run(1, 1, "bn_only", depth=20)))[0] is None


@pytest.mark.parametrize(
    ("settings", "config", "matching"),
    [
        ({"depth": 20}, {"depth": 20.0}, True),
        ({"depth": 1}, {"depth": True}, False),
        ({"milestones": [0.5, 0.75]}, {"milestones": (0.5, 0.75)}, True),
        ({"model.depth": 20}, {"model": {"depth": 20}}, True),
        ({"model.depth": 20}, {"model": 20}, False),
        ({"norm": None}, {"norm": None}, True),
        ({"norm": None}, {}, False),
        ({"norm": "none"}, {"norm": None}, False),
        ({"experiment": "full"}, {}, True),
        ({"experiment": "bn_only"}, {"experiment": "bn_only"}, False),
    ],
)
def test_a_setting_matches_by_its_value(
    settings: dict[str, Any], config: dict[str, Any], matching: bool
) -> None:
    run = Run(id=1, experiment="full", status="COMPLETED", config={"depth": 20, **config}, seed=1)
    question = a_question(setup=settings, experiment=settings.get("experiment", ""))
    found = tree(question, run).cells
    assert [bool(cell.runs) for cell in found] == [matching, False, False, False]


def test_the_last_completed_run_answers_and_the_others_stay_listed() -> None:
    early, late = a_run(1, depth=20, hour=2), a_run(2, depth=20, hour=1)
    failed = a_run(3, depth=20, status="FAILED")
    cell = tree(a_question(), early, late, failed).cells[0]
    assert [run.id for run in cell.runs] == [1, 2, 3]
    assert cell.answer is early


def test_of_runs_that_stopped_together_the_one_with_the_last_id_answers() -> None:
    assert answers(tree(a_question(), a_run(1, depth=20), a_run(2, depth=20)))[0] == 2


def test_a_diverged_run_answers_too() -> None:
    run = a_run(1, depth=20, info={"tracker": {"diverged": {"step": 3}}})
    cell = tree(a_question(), run).cells[0]
    assert (cell.answer, cell.state(NOON)) == (run, "diverged")


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], "planned"),
        (["FAILED"], "failed"),
        (["FAILED", "RUNNING"], "dead"),
        (["FAILED", "QUEUED"], "queued"),
        (["QUEUED", "INTERRUPTED"], "queued"),
        (["RUNNING", "COMPLETED"], "done"),
        (["TIMEOUT", "INTERRUPTED"], "interrupted"),
    ],
)
def test_the_state_of_a_cell_comes_from_its_runs(statuses: list[str], state: str) -> None:
    runs = [a_run(id, depth=20, status=status) for id, status in enumerate(statuses)]
    assert tree(a_question(), *runs).cells[0].state(NOON + timedelta(hours=9)) == state


def test_a_run_that_beats_makes_its_cell_running() -> None:
    runs = [a_run(1, depth=20, status="RUNNING", heartbeat=NOON), a_run(2, depth=20, status="FAILED")]
    assert tree(a_question(), *runs).cells[0].state(NOON) == "running"


def test_one_run_answers_several_questions() -> None:
    child = a_question(node="q/c", id="c", level=2, values=(20, 56))
    node = tree(a_question(children=(child,)), a_run(7, 1, depth=20))
    assert answers(node)[0] == answers(node.children[0])[0] == 7


CONFIGS = st.fixed_dictionaries(
    {"depth": st.sampled_from([20, 32, 32.0, "32", None, True]), "lr": st.sampled_from([0.1, 1, 1.0, True])},
    optional={"nested": st.fixed_dictionaries({"a": st.sampled_from([1, [1, 2], (1, 2)])})},
)


RUNS = st.lists(
    st.builds(
        lambda config, seed, experiment, status: Run(
            id=0, experiment=experiment, status=status, config=config, seed=seed
        ),
        CONFIGS,
        st.sampled_from([None, 1, 2, 3]),
        st.sampled_from(["full", "bn_only"]),
        st.sampled_from(["COMPLETED", "FAILED", "RUNNING"]),
    ),
    max_size=12,
)


QUESTIONS = st.builds(
    lambda setup, values: a_question(setup=setup, values=tuple(values)),
    st.sampled_from([{}, {"lr": 1}, {"nested.a": [1, 2]}, {"lr": 0.1, "nested.a": 1}]),
    st.lists(st.sampled_from([20, 32, "32", None]), min_size=1, max_size=4, unique=True),
)


@given(QUESTIONS, RUNS)
def test_no_run_is_lost_or_counted_twice_inside_a_question(question: Question, runs: list[Run]) -> None:
    numbered = [
        Run(id=id, experiment=run.experiment, status=run.status, config=run.config, seed=run.seed)
        for id, run in enumerate(runs)
    ]
    node = tree(question, *numbered)
    by_hand = [
        run.id for run in numbered if any(matches(cell.settings, cell.seed, run) for cell in cells(question))
    ]
    found = [run for cell in node.cells for run in cell.runs]
    assert sorted(str(run.id) for run in found) == sorted(map(str, by_hand))
    for cell in node.cells:
        assert [run.id for run in cell.runs] == [
            run.id for run in numbered if matches(cell.settings, cell.seed, run)
        ]


@pytest.mark.unwatched
def test_ten_thousand_runs_find_their_hundred_questions() -> None:
    setup = {f"setting{place}": place for place in range(12)}
    runs = [
        a_run(place, place % 5, depth=place // 5 % 20, width=place // 100 % 100, **setup)
        for place in range(10_000)
    ]
    questions = tuple(
        a_question(
            node=f"q{width}",
            setup={**setup, "width": width},
            values=tuple(range(20)),
            seeds=(0, 1, 2, 3, 4),
        )
        for width in range(100)
    )
    nodes = build_tree(Questions(Path("q.yaml"), "p", questions), runs)
    assert sum(len(cell.runs) for node in nodes for cell in node.cells) == 10_000


def test_a_cell_remembers_its_question() -> None:
    question = a_question()
    assert all(isinstance(cell, Cell) and cell.question is question for cell in tree(question).cells)
