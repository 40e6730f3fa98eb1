"""Each run is planned once, in its order and with its reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeps.planning.job import job_key, seeds_together
from sweeps.planning.plan import make_plan
from tests.sweeps.plan.conftest import FILE, LATER, order, plan, whys
from tests.sweeps.stored import store_job, store_run


def test_a_key_is_the_same_for_settings_that_mean_the_same() -> None:
    assert job_key({"lr": 1, "dims": [1, 2]}, 3) == job_key({"dims": (1, 2.0), "lr": 1.0}, 3)
    assert len(job_key({}, 0)) == 16


@pytest.mark.parametrize(
    "other",
    [({"lr": 1.5}, 3), ({"lr": 1}, 4), ({"lr": "1"}, 3), ({"lr": True}, 3), ({"lr": 1, "a": None}, 3)],
)
def test_a_key_is_another_for_every_other_run(other: tuple[dict[str, Any], int]) -> None:
    assert job_key({"lr": 1}, 3) != job_key(*other)


def test_every_value_gets_its_first_seed_before_any_its_second(folder: Path) -> None:
    assert order(plan(folder)) == [
        ("first", 1, 1), ("first", 2, 1), ("first", 3, 1), ("first", 1, 2), ("first", 2, 2), ("first", 3, 2),
        ("second", 1, 1), ("second", 2, 1), ("second", 1, 2), ("second", 2, 2),
    ]  # fmt: skip


def test_priority_goes_before_the_order_of_the_file(folder: Path) -> None:
    assert order(plan(folder, second=", priority: 1"))[:4] == [
        ("second", 1, 1), ("second", 2, 1), ("second", 1, 2), ("second", 2, 2),
    ]  # fmt: skip


def test_seeds_that_are_to_be_together_follow_the_first_of_their_setting(folder: Path) -> None:
    made = plan(folder, second=", priority: 1")
    together = replace(made, jobs=seeds_together(made.jobs))
    assert order(together) == [
        *[("second", y, seed) for y in (1, 2) for seed in (1, 2)],
        *[("first", x, seed) for x in (1, 2, 3) for seed in (1, 2)],
    ]


def test_the_first_looks_of_all_questions_go_before_the_second_of_any(folder: Path) -> None:
    looks = ", seeds: [1, 2, 3, 4], looks: [3, 4]"
    for seed in (1, 2, 3):
        for x in (1, 2, 3):
            number = float(seed % 2)
            store_run(folder / "runs", {"act": "succeed", "x": x, "seed": seed}, {"test.accuracy": number})
    made = plan(folder, looks, looks)
    assert [node for node, *_ in order(made)] == ["second"] * 6 + ["first"] * 3
    assert made.jobs[0].why == "no run yet; for the look at 3 seeds"
    assert made.jobs[-1].why == "no run yet; for the look at 4 seeds"


def test_the_reason_tells_what_became_of_the_last_run(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[0], {}, status="FAILED", fail_trace=["...\n", "ValueError: too hot\n"])
    store_job(folder / "runs", jobs[1], {}, status="RUNNING")
    store_job(folder / "runs", jobs[2], {}, status="INTERRUPTED")
    assert whys(plan(folder)) == {
        (1, 1): "the last one failed on box: ValueError: too hot",
        (2, 1): "the last one died on box",
        (3, 1): "the last one was interrupted on box",
        (1, 2): "no run yet",
        (2, 2): "no run yet",
        (3, 2): "no run yet",
    }


def test_failed_runs_alone_can_be_planned(folder: Path) -> None:
    jobs = plan(folder).jobs
    store_job(folder / "runs", jobs[3], {}, status="FAILED")
    assert [job.key for job in plan(folder, failed_only=True).jobs] == [jobs[3].key]


def test_a_run_that_several_questions_need_is_one_job_of_the_higher_priority(folder: Path) -> None:
    shared = "parameter: x, values: [1, 2], baseline: 1, priority: 3, setup: {act: succeed}"
    path = folder / "q.yaml"
    path.write_text(FILE.format(first="", second="") + f'  - {{id: third, question: "?", {shared}}}\n')
    made = make_plan(path, str(folder / "runs"), LATER)
    assert len(made.jobs) == 10
    assert [job.nodes for job in made.jobs[:4]] == [("first", "third")] * 4
    assert {job.priority for job in made.jobs[:4]} == {3}
