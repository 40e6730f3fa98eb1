"""Settings are tuned for each value alike, on seeds of their own; the store alone says how far that is."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sweeps.planning.job import Job
from sweeps.planning.plan import Plan, make_plan
from tests.sweeps.stored import NOON, store_job, store_run
from tracker import Finding, answer, load_questions, open_store

LATER = NOON + timedelta(days=1)
BEST = {"bn": 1.0, "wn": 0.1}  # the learning rate that suits each value
FILE = """
version: 1
metric: {{name: test.accuracy, sesoi: 1.0}}
defaults: {{experiment: toy, launch: python toy.py, seeds: [1, 2, 3]}}
tree:
  - id: norm
    question: Does the norm matter?
    parameter: norm
    values: [bn, wn]
    baseline: bn
    nuisance: {nuisance}
    select_by: validation.accuracy
    tuning_seeds: [101]
    {more}
"""
SAMPLED = "{lr: {low: 0.003, high: 3.0, scale: log}}"


def questions(folder: Path, nuisance: str = SAMPLED, more: str = "trials: 8") -> Path:
    path = folder / "q.yaml"
    path.write_text(FILE.format(nuisance=nuisance, more=more))
    return path


def accuracy(settings: Any) -> float:
    """Best where the learning rate suits the value."""
    return 80.0 - 10.0 * abs(math.log10(settings["lr"] / BEST[settings["norm"]]))


def end(runs: Path, job: Job, **how: Any) -> None:
    """Let a job end with the accuracy of its settings."""
    good = accuracy(job.settings)
    store_job(runs, job, {"validation.accuracy": good, "test.accuracy": good - 1 + 0.1 * job.seed}, **how)


def finish(folder: Path, path: Path) -> list[Plan]:
    """Run everything that is planned until nothing is; the plans in between."""
    plans = []
    while (plan := made(folder, path)).jobs:
        plans.append(plan)
        for job in plan.jobs:
            end(folder / "runs", job)
    return [*plans, plan]


def made(folder: Path, path: Path) -> Plan:
    return make_plan(path, str(folder / "runs"), LATER)


def found(folder: Path, path: Path) -> Finding:
    return answer(load_questions(path), open_store(str(folder / "runs")), LATER)[0]


def test_every_value_gets_as_many_trials_and_then_the_chosen_setting_alone_its_seeds(tmp_path: Path) -> None:
    path = questions(tmp_path)
    first, second, last = finish(tmp_path, path)

    assert Counter(job.settings["norm"] for job in first.jobs) == {"bn": 8, "wn": 8}
    assert {job.seed for job in first.jobs} == {101}
    assert Counter(job.settings["norm"] for job in second.jobs) == {"bn": 3, "wn": 3}
    assert {job.seed for job in second.jobs} == {1, 2, 3}
    tried = {job.settings["lr"] for job in first.jobs}
    for value, best in BEST.items():
        chosen = {job.settings["lr"] for job in second.jobs if job.settings["norm"] == value}
        assert chosen == {min(tried, key=lambda lr: abs(math.log10(lr / best)))}
    assert last.complete


def test_values_try_the_same_settings_spread_over_the_range(tmp_path: Path) -> None:
    plan = made(tmp_path, questions(tmp_path))
    tried = {
        value: sorted(job.settings["lr"] for job in plan.jobs if job.settings["norm"] == value)
        for value in BEST
    }
    assert tried["bn"] == tried["wn"]
    parts = [math.floor(8 * math.log(lr / 0.003) / math.log(1000)) for lr in tried["bn"]]
    assert parts == list(range(8))
    assert all(float(f"{lr:.3g}") == lr for lr in tried["bn"])


def test_the_numbers_come_from_the_runs_that_report_and_the_sentence_names_the_budget(tmp_path: Path) -> None:
    path = questions(tmp_path)
    finish(tmp_path, path)
    finding = found(tmp_path, path)

    assert [one.n for one in finding.estimates] == [3, 3]
    assert all(set(one.skills) == {1, 2, 3} for one in finding.estimates)
    assert "chosen by validation.accuracy among 8 trials per value on seed 101: lr=" in finding.computed
    assert finding.state == "done"


@pytest.mark.parametrize("sampler", ["random", "optuna"])
def test_the_same_store_gives_the_same_proposals(tmp_path: Path, sampler: str) -> None:
    path = questions(tmp_path, more=f"trials: 8\n    sampler: {sampler}")
    for job in made(tmp_path, path).jobs:
        end(tmp_path / "runs", job)
    assert [job.key for job in made(tmp_path, path).jobs] == [job.key for job in made(tmp_path, path).jobs]


@pytest.mark.parametrize("sampler", ["random", "optuna"])
def test_what_is_under_way_changes_nothing_of_what_is_still_to_be_started(
    tmp_path: Path, sampler: str
) -> None:
    path = questions(tmp_path, more=f"trials: 8\n    sampler: {sampler}")
    if sampler == "optuna":
        for job in made(tmp_path, path).jobs:
            end(tmp_path / "runs", job)
    planned = made(tmp_path, path).jobs
    started, ended, *rest = planned
    store_job(tmp_path / "runs", started, {}, status="RUNNING", heartbeat=_now())
    end(tmp_path / "runs", ended)
    assert {job.key for job in made(tmp_path, path).jobs} == {job.key for job in rest}


def test_optuna_proposes_in_rounds_and_keeps_to_the_budget(tmp_path: Path) -> None:
    path = questions(tmp_path, more="trials: 8\n    sampler: optuna")
    *tuning, final, last = finish(tmp_path, path)

    assert [len(plan.jobs) for plan in tuning] == [4, 4, 4, 4]  # of two values
    assert len(final.jobs) == 6
    assert last.complete
    runs = list(open_store(str(tmp_path / "runs")).runs())
    tried = Counter(run.config["norm"] for run in runs if run.seed == 101)
    assert tried == {"bn": 8, "wn": 8}
    assert len({(run.config["norm"], run.config["lr"]) for run in runs if run.seed == 101}) == 16


def test_optuna_learns_where_the_best_lies(tmp_path: Path) -> None:
    path = questions(tmp_path, more="trials: 24\n    sampler: optuna")
    finish(tmp_path, path)
    trials = [one for one in found(tmp_path, path).trials if one.value == "wn"]
    early, late = trials[:6], trials[-6:]

    def far(some: Any) -> float:
        return sum(abs(math.log10(one.nuisance["lr"] / BEST["wn"])) for one in some)

    assert far(late) < far(early)


@pytest.mark.parametrize("sampler", ["random", "optuna"])
def test_two_questions_that_tune_the_same_value_share_its_trials(tmp_path: Path, sampler: str) -> None:
    path = questions(tmp_path, more=f"trials: 8\n    sampler: {sampler}")
    again = path.read_text().partition("tree:\n")[2].replace("id: norm", "id: again").replace("wn]", "gn]")
    path.write_text(path.read_text() + again)
    while plan := made(tmp_path, path).jobs:
        for job in plan:
            store_job(tmp_path / "runs", job, {"validation.accuracy": job.settings["lr"], "test.accuracy": 1})
    runs = open_store(str(tmp_path / "runs")).runs()
    assert Counter(run.config["norm"] for run in runs if run.seed == 101) == {"bn": 8, "wn": 8, "gn": 8}


@pytest.mark.parametrize("sampler", ["random", "optuna"])
@pytest.mark.parametrize("luck", range(5))
def test_in_whatever_order_runs_start_fail_and_end_nothing_is_tried_twice(
    tmp_path: Path, sampler: str, luck: int
) -> None:
    path = questions(tmp_path, more=f"trials: 6\n    sampler: {sampler}")
    runs, dice = tmp_path / "runs", Random(luck)
    while plan := made(tmp_path, path).jobs:
        for job in dice.sample(plan, dice.randint(1, min(3, len(plan)))):
            if dice.random() < 0.3:
                store_job(runs, job, {}, status=dice.choice(["FAILED", "INTERRUPTED", "RUNNING"]))
            else:
                end(runs, job)
    stored = [run for run in open_store(str(runs)).runs() if run.status == "COMPLETED"]
    every = Counter((run.config["norm"], run.config["lr"], run.seed) for run in stored)
    assert set(every.values()) == {1}
    assert Counter((norm, seed == 101) for norm, _, seed in every) == {
        ("bn", True): 6, ("wn", True): 6, ("bn", False): 3, ("wn", False): 3,
    }  # fmt: skip
    assert made(tmp_path, path).complete


def test_a_trial_by_hand_counts_and_takes_a_place_of_the_budget(tmp_path: Path) -> None:
    path = questions(tmp_path)
    config = {"norm": "bn", "lr": 0.5, "seed": 101}
    store_run(tmp_path / "runs", config, {"validation.accuracy": 99.0})
    assert Counter(job.settings["norm"] for job in made(tmp_path, path).jobs) == {"bn": 7, "wn": 8}
    *_, final, _ = finish(tmp_path, path)
    assert {job.settings["lr"] for job in final.jobs if job.settings["norm"] == "bn"} == {0.5}


def test_trials_beyond_the_budget_and_outside_the_range_do_not_choose(tmp_path: Path) -> None:
    path = questions(tmp_path)
    for job in made(tmp_path, path).jobs:
        end(tmp_path / "runs", job)
    for lr in (0.7, 30.0):
        store_run(tmp_path / "runs", {"norm": "bn", "lr": lr, "seed": 101}, {"validation.accuracy": 99.0})
    assert not {0.7, 30.0} & {job.settings["lr"] for job in made(tmp_path, path).jobs}


def test_a_failed_trial_is_tried_again_and_holds_the_choice_up(tmp_path: Path) -> None:
    path = questions(tmp_path)
    first, *rest = made(tmp_path, path).jobs
    store_job(tmp_path / "runs", first, {}, status="FAILED")
    for job in rest:
        end(tmp_path / "runs", job)

    again = made(tmp_path, path)

    value = first.settings["norm"]
    assert [job.key for job in again.jobs if job.settings["norm"] == value] == [first.key]
    assert again.jobs[0].state == "failed"
    assert "trial 1 of 8" in again.jobs[0].why
    assert {job.seed for job in again.jobs if job.settings["norm"] != value} == {1, 2, 3}
    finding = found(tmp_path, path)
    assert finding.computed.startswith("tuning: 15 of 16 runs done, 1 failed; 0 of 6 runs done")
    assert finding.verdict == ""


def test_a_trial_that_diverged_is_never_chosen_where_another_converged(tmp_path: Path) -> None:
    path = questions(tmp_path)
    for job in made(tmp_path, path).jobs:
        store_job(tmp_path / "runs", job, {"validation.accuracy": 99.0 if job.settings["lr"] > 0.1 else 50.0})
    for folder in (tmp_path / "runs").glob("[0-9]*"):
        config = (folder / "config.json").read_text()
        if '"lr": 0.0' not in config:
            (folder / "info.json").write_text('{"tracker": {"diverged": {"step": 1}}}')
    assert all(job.settings["lr"] < 0.1 for job in made(tmp_path, path).jobs)


def test_a_grid_with_tuning_seeds_is_tuned_on_them_alone(tmp_path: Path) -> None:
    path = questions(tmp_path, "{lr: [0.1, 1.0, 10.0]}", "")
    first, second, last = finish(tmp_path, path)

    assert Counter((job.settings["norm"], job.seed) for job in first.jobs) == {("bn", 101): 3, ("wn", 101): 3}
    assert {(job.settings["norm"], job.settings["lr"]) for job in second.jobs} == {("bn", 1.0), ("wn", 0.1)}
    assert last.complete
    finding = found(tmp_path, path)
    assert "among 3 trials per value on seed 101: lr=1.0 for bn, lr=0.1 for wn" in finding.computed
    assert "at the edge of what was tried: lr=0.1 for wn" in finding.computed


def test_a_choice_at_the_end_of_a_range_is_told(tmp_path: Path) -> None:
    path = questions(tmp_path, "{lr: {low: 0.1, high: 20.0, scale: log}}", "trials: 12")
    finish(tmp_path, path)
    edges = found(tmp_path, path).computed.partition("at the edge of what was tried: ")[2]
    assert "for wn" in edges
    assert "for bn" not in edges


def test_undecided_runs_are_counted_but_have_no_command(tmp_path: Path) -> None:
    path = questions(tmp_path)
    plan = made(tmp_path, path)
    assert sum(plan.states.values()) == 16 + 6
    assert len(plan.cells["norm"]) == 16 + 6
    assert len(plan.jobs) == 16
    assert plan.undecided == 6
    assert all("lr=" in " ".join(job.command) for job in plan.jobs)
    assert found(tmp_path, path).cells == ()


def test_every_export_works_while_a_question_is_tuned(tmp_path: Path) -> None:
    from tracker.export.formats import write

    path = questions(tmp_path)
    store = open_store(str(tmp_path / "runs"))
    for step in range(3):
        findings = answer(load_questions(path), store, LATER)
        for ending in ("csv", "html", "md", "tex", "xlsx"):
            write(findings, store, tmp_path / f"{step}.{ending}")
        for job in made(tmp_path, path).jobs:
            end(tmp_path / "runs", job)
    rows = (tmp_path / "2_runs.csv").read_text().splitlines()
    assert sum(",tuning," in row for row in rows) == 16
    assert sum(",answer," in row for row in rows) == 6


def test_a_sampler_that_is_not_installed_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = questions(tmp_path, more="trials: 8\n    sampler: optuna")
    monkeypatch.setattr("sweeps.planning.samplers.find_spec", lambda _name: None)
    plan = made(tmp_path, path)
    assert plan.jobs == ()
    assert not plan.complete
    (told,) = plan.hindrances
    assert "pip install 'sacred-grove[optuna]'" in told


def _now() -> str:
    return (LATER - timedelta(seconds=1)).replace(tzinfo=None).isoformat()
