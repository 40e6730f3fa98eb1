"""Which runs choose settings for a value, which report, and what rests on either."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tracker.findings import Finding, findings
from tracker.findings.evidence import changes, gather
from tracker.findings.memory import Memory
from tracker.questions.question import Metric, Question, Questions
from tracker.questions.ranges import Range
from tracker.run import Run
from tracker.tree import Node, build_tree

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUESTION = Question(
    node="q", id="q", line=1, level=1, metric=Metric("test.accuracy"), question="Why?", parameter="norm",
    values=("bn", "wn"), baseline="bn", seeds=(1, 2, 3), experiment="full", launch="python -m full",
    nuisance={"lr": Range(0.01, 1.0, "log")}, select_by="val", tuning_seeds=(101,), trials=3,
    sampler="random",
)  # fmt: skip


def run(id: int, norm: str, lr: float, seed: int, **other: Any) -> Run:
    config = {"norm": norm, "lr": lr, "seed": seed, **other.pop("config", {})}
    fields = {"status": "COMPLETED", "started": NOON + timedelta(minutes=id), **other}
    return Run(id=id, experiment="full", config=config, seed=seed, stopped=NOON, **fields)


def numbers(runs: Iterable[Run], name: str, _reduction: str) -> Mapping[int | str, float]:
    """On validation 1.0 is best for wn and 0.1 for bn; on test a seed's own."""
    best = {"bn": 0.1, "wn": 1.0}
    if name == "val":
        return {run.id: -abs(run.config["lr"] - best[run.config["norm"]]) for run in runs}
    return {run.id: float(run.seed or 0) for run in runs}


def node(*runs: Run, question: Question = QUESTION) -> Node:
    return build_tree(Questions(Path("q"), "p", (question,)), runs)[0]


def found(*runs: Run, question: Question = QUESTION, memory: Memory[Finding] | None = None) -> Finding:
    return findings([node(*runs, question=question)], numbers, NOON, memory=memory)[0]


def tuned(norm: str, first: int) -> list[Run]:
    return [run(first + place, norm, lr, 101) for place, lr in enumerate((0.02, 0.1, 0.9))]


BOTH = [*tuned("bn", 1), *tuned("wn", 11)]


def test_trials_are_the_settings_inside_the_range_in_the_order_of_their_start() -> None:
    late, early = run(5, "bn", 0.5, 101), run(2, "bn", 0.05, 101)
    outside, of_other_seed, without = run(1, "bn", 2.0, 101), run(3, "bn", 0.3, 102), run(4, "bn", 0.2, 101)
    without = replace(without, config={"norm": "bn", "seed": 101})
    cells = node(late, early, outside, of_other_seed, without).trials
    assert [(cell.value, cell.trial, dict(cell.nuisance)) for cell in cells] == [
        ("bn", 1, {"lr": 0.05}), ("bn", 2, {"lr": 0.5}), ("bn", 3, {}),
        ("wn", 1, {}), ("wn", 2, {}), ("wn", 3, {}),
    ]  # fmt: skip


def test_a_rerun_of_a_trial_is_no_further_one_and_keeps_its_place() -> None:
    failed = run(1, "bn", 0.5, 101, status="FAILED")
    other, again = run(2, "bn", 0.05, 101), run(3, "bn", 0.5, 101)
    first, second, _ = node(failed, other, again).trials[:3]
    assert (first.nuisance["lr"], len(first.runs), second.nuisance["lr"]) == (0.5, 2, 0.05)
    assert first.answer is not None
    assert first.answer.id == 3


def test_no_more_trials_count_than_are_declared() -> None:
    more = [run(id, "bn", 0.01 * id, 101) for id in range(1, 9)]
    trials = [trial for trial in found(*more).trials if trial.value == "bn"]
    assert [trial.nuisance["lr"] for trial in trials] == [0.01, 0.02, 0.03]


def test_a_value_chooses_when_all_of_its_trials_have_ended() -> None:
    finding = found(*tuned("bn", 1), *tuned("wn", 11)[:2])
    decided = {cell.value: cell.decided for cell in finding.node.cells}
    assert decided == {"bn": True, "wn": False}
    assert {cell.nuisance["lr"] for cell in finding.node.cells if cell.decided} == {0.1}


def test_runs_that_report_are_those_of_the_chosen_settings_and_declared_seeds() -> None:
    reporting = [
        run(20 + seed, norm, lr, seed) for norm, lr in (("bn", 0.1), ("wn", 0.9)) for seed in (1, 2, 3)
    ]
    reporting = [replace(one, id=30 + place) for place, one in enumerate(reporting)]
    not_chosen = run(90, "bn", 0.9, 1)
    finding = found(*BOTH, *reporting, not_chosen)
    assert [list(one.runs) for one in finding.estimates] == [[30, 31, 32], [33, 34, 35]]
    assert finding.state == "done"
    assert finding.node.undeclared == ()


def test_runs_with_seeds_of_neither_kind_are_told() -> None:
    assert "1 more with undeclared seeds" in found(*BOTH, run(50, "bn", 0.1, 7)).computed


def test_a_trial_that_differs_in_something_else_confounds() -> None:
    odd = [replace(one, config={**one.config, "epochs": 1 + (one.id == 2)}) for one in BOTH]
    assert "epochs" in node(*odd).confounds


def test_a_finding_rests_on_its_trials_too() -> None:
    before = gather(node(*BOTH), numbers)
    assert changes(before, gather(node(*BOTH), numbers)) == ""
    assert "1 run gone (1)" in changes(before, gather(node(*BOTH[1:]), numbers))
    longer = replace(QUESTION, trials=4)
    assert "changed in trials" in changes(before, gather(node(*BOTH, question=longer), numbers))


def test_a_question_without_tuning_seeds_is_marked_as_before() -> None:
    plain = replace(QUESTION, nuisance={}, select_by="", tuning_seeds=(), trials=0, sampler="grid")
    assert not {"tuning_seeds", "trials"} & set(gather(node(question=plain), numbers).design)


def test_what_was_found_before_is_found_anew_when_a_trial_ends() -> None:
    memory: Memory[Finding] = Memory()
    for count in range(len(BOTH) + 1):
        runs = BOTH[:count]
        remembered = found(*runs, memory=memory)
        fresh = found(*runs)
        assert remembered.computed == fresh.computed
        assert [cell.settings for cell in remembered.cells] == [cell.settings for cell in fresh.cells]
        assert [trial.ended for trial in remembered.trials] == [trial.ended for trial in fresh.trials]
