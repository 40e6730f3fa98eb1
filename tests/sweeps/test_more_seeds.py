"""Seeds that a verdict asks for are added where everybody sees them, and the finding says what they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sweeps.planning.more_seeds import added, write_more
from sweeps.planning.plan import make_plan
from tests.sweeps.stored import NOON, store_job
from tracker import Finding, answer, load_questions, open_store

LATER = NOON + timedelta(days=1)
FILE = """\
version: 1  # as it is
metric: {name: test.accuracy, sesoi: 1.0}
defaults: {experiment: toy, launch: python toy.py, seeds: [0, 1, 2]}
tree:
  - id: norm
    question: Does the norm matter?  # asked by many
    # the values that we have
    parameter: norm
    values: [bn, wn]
    baseline: bn
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "q.yaml").write_text(FILE)
    return tmp_path / "q.yaml"


def run_all(path: Path, skill: Callable[[str, int], float]) -> None:
    for job in make_plan(path, _runs(path), LATER).jobs:
        store_job(Path(_runs(path)), job, {"test.accuracy": skill(job.settings["norm"], job.seed)})


def open_answer(norm: str, seed: int) -> float:
    """A difference that lies inside the spread of the seeds."""
    return 80 + (seed % 3) + 0.6 * (norm == "wn")


def finding(path: Path) -> Finding:
    return answer(load_questions(path), open_store(_runs(path)), LATER)[0]


def _runs(path: Path) -> str:
    return str(path.parent / "runs")


def test_a_question_with_runs_missing_asks_for_no_more(path: Path) -> None:
    assert added(path, _runs(path), LATER)[0] == ()


def test_an_open_verdict_gets_as_many_as_its_sentence_says(path: Path) -> None:
    run_all(path, open_answer)
    ((more,), _) = added(path, _runs(path), LATER)
    needed = finding(path).seeds_needed
    assert needed
    assert more.seeds == tuple(range(3, needed))
    assert f"about {needed} seeds per value" in finding(path).computed


def test_a_settled_verdict_gets_none(path: Path) -> None:
    run_all(path, lambda norm, seed: 80 + 0.1 * seed + 20 * (norm == "wn"))
    assert finding(path).verdict == "better"
    assert added(path, _runs(path), LATER)[0] == ()


def test_a_plan_shows_them_and_leaves_the_file(path: Path) -> None:
    run_all(path, open_answer)
    plan = make_plan(path, _runs(path), LATER, more_seeds=True)
    (more,) = plan.more
    assert {job.seed for job in plan.jobs} == set(more.seeds)
    assert all(job.why == "no run yet; added after a look at 3 seeds" for job in plan.jobs)
    assert path.read_text() == FILE
    assert make_plan(path, _runs(path), LATER).jobs == ()


def test_they_are_written_beside_the_question_and_nothing_else_changes(path: Path) -> None:
    run_all(path, open_answer)
    said: list[str] = []
    write_more(path, _runs(path), LATER, said.append)
    seeds = ", ".join(map(str, added_seeds(path)))
    line = f"    more_seeds: [{seeds}]\n"
    assert path.read_text().replace(line, "") == FILE
    assert f"more_seeds: [{seeds}]" in said[0]
    assert load_questions(path).roots[0].added == added_seeds(path)


def added_seeds(path: Path) -> tuple[int, ...]:
    return load_questions(path).roots[0].added


@pytest.mark.parametrize("there", ["more_seeds: [3]  # one\n", "more_seeds:\n      - 3  # one\n"])
def test_further_ones_go_behind_those_that_are_there(path: Path, there: str) -> None:
    path.write_text(f"{FILE}    {there}")
    run_all(path, open_answer)  # the declared seeds
    run_all(path, open_answer)  # those that are there already
    write_more(path, _runs(path), LATER, lambda _line: None)
    seeds = added_seeds(path)
    assert seeds[:2] == (3, 4)
    assert "# one" in path.read_text()
    assert path.read_text().startswith(FILE)


def test_before_they_are_run_the_answer_is_that_of_the_declared_seeds(path: Path) -> None:
    run_all(path, open_answer)
    write_more(path, _runs(path), LATER, lambda _line: None)
    found = finding(path)
    assert [one.n for one in found.estimates] == [3, 3]
    assert "more seeds were added after this look" in found.computed
    assert "exploratory" not in found.computed
    assert {job.seed for job in make_plan(path, _runs(path), LATER).jobs} == set(added_seeds(path))


def test_a_finding_that_rests_on_them_is_exploratory(path: Path) -> None:
    run_all(path, open_answer)
    write_more(path, _runs(path), LATER, lambda _line: None)
    run_all(path, open_answer)
    found = finding(path)
    count = len(added_seeds(path))
    assert [one.n for one in found.estimates] == [3 + count] * 2
    assert f"exploratory: {count} seeds were added after a look at 3" in found.computed
    assert found.state == "done"
    assert make_plan(path, _runs(path), LATER).complete


def test_a_question_that_its_declared_seeds_decide_does_not_run_added_ones(path: Path) -> None:
    path.write_text(f"{FILE}    more_seeds: [3, 4]\n")
    for job in make_plan(path, _runs(path), LATER).jobs:
        if job.seed < 3:
            skill = 80 + 0.1 * job.seed + 20 * (job.settings["norm"] == "wn")
            store_job(path.parent / "runs", job, {"test.accuracy": skill})
    assert make_plan(path, _runs(path), LATER).complete
    assert finding(path).state == "done"


def test_they_keep_clear_of_seeds_that_choose_settings(path: Path) -> None:
    tuned = "    nuisance: {lr: [0.1, 1.0]}\n    select_by: val\n    tuning_seeds: [3, 5]\n"
    path.write_text(FILE + tuned)
    while make_plan(path, _runs(path), LATER).jobs:
        for job in make_plan(path, _runs(path), LATER).jobs:
            skill = open_answer(job.settings["norm"], job.seed)
            store_job(path.parent / "runs", job, {"test.accuracy": skill, "val": skill})
    ((more,), _) = added(path, _runs(path), LATER)
    assert more.seeds[:3] == (4, 6, 7)


def test_declared_looks_come_first_and_what_follows_is_exploratory(path: Path) -> None:
    path.write_text(FILE.replace("seeds: [0, 1, 2]", "seeds: [0, 1, 2, 3], looks: [3, 4]"))
    run_all(path, open_answer)
    run_all(path, open_answer)
    assert "look 2 of 2" in finding(path).computed
    write_more(path, _runs(path), LATER, lambda _line: None)
    seeds = added_seeds(path)
    assert seeds[0] == 4
    run_all(path, open_answer)
    assert f"exploratory: {len(seeds)} seeds were added after a look at 4" in finding(path).computed
