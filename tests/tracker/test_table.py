"""One row per node, with every column filled from the runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tracker.findings import findings
from tracker.questions.question import Claim, Metric, Question, Questions
from tracker.run import Run
from tracker.table import Row, rows
from tracker.tree import build_tree

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
COLUMNS = """
    node level sub_project context setup name parameter values status skill question finding
    state priority n_runs n_planned n_failed metric skill_mean skill_sd skill_ci_low skill_ci_high best_value
    baseline delta delta_ci_low delta_ci_high p_adj test verdict effect_size seeds_needed cost_used_h
    cost_left_h finding_source finding_computed finding_state finding_reason claim_state claim
    evidence run_ids reproduce updated_at order schema
"""


def a_question(**given: Any) -> Question:
    plain = {
        "node": "g/q",
        "id": "q",
        "name": "A name",
        "line": 1,
        "level": 2,
        "metric": Metric("test.accuracy", unit="%"),
        "sub_project": "BatchNorm",
        "context": "smoke",
        "question": "Why?",
        "parameter": "norm",
        "values": ("bn", "wn"),
        "baseline": "bn",
        "seeds": (1, 2, 3),
        "setup": {"depth": 20},
        "experiment": "full",
    }
    return Question(**{**plain, **given})


def a_group(*children: Question) -> Question:
    return a_question(
        node="g", id="g", level=1, parameter="", values=(), baseline=None, seeds=(), children=children
    )


def a_run(id: int, norm: Any, seed: int, status: str = "COMPLETED", hours: float = 1, **config: Any) -> Run:
    return Run(
        id=id,
        experiment="full",
        status=status,
        config={"depth": 20, "norm": norm, "seed": seed, **config},
        seed=seed,
        started=NOON,
        heartbeat=NOON,
        stopped=NOON + timedelta(hours=hours) if status != "RUNNING" else None,
    )


SIX = [
    a_run(1 + place, "bn" if place < 3 else "wn", 1 + place % 3, hours=1 + place / 4) for place in range(6)
]
SKILLS = {1: 60.0, 2: 62.0, 3: 64.0, 4: 50.0, 5: 51.0, 6: 52.0, 7: 61.0, 8: 60.0, 9: 65.0}


def table(*roots: Question, runs: Iterable[Run] = SIX, now: datetime = NOON) -> tuple[Row, ...]:
    def numbers(asked: Iterable[Run], name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: SKILLS[int(run.id)] for run in asked if name == "test.accuracy"}

    return rows(findings(build_tree(Questions(Path("q"), "p", roots), runs), numbers, now))


def test_the_columns_stand_in_the_order_of_the_format() -> None:
    assert [field.name for field in fields(Row)] == COLUMNS.split()


def test_a_row_tells_the_question_and_its_answer() -> None:
    row = table(a_group(a_question()))[1]
    assert (row.node, row.level, row.sub_project, row.context) == ("g/q", 2, "BatchNorm", "smoke")
    assert (row.setup, row.name, row.parameter) == ({"experiment": "full", "depth": 20}, "A name", "norm")
    assert (row.values, row.baseline, row.best_value) == (("bn", "wn"), "bn", "bn")
    assert (row.status, row.state, row.verdict, row.test) == ("done", "done", "worse", "Welch t")
    assert row.skill == "bn 62.0 ± 2.0 %; wn 51.0 ± 1.0 % (mean ± sd, n=3)"
    assert row.finding == row.finding_computed
    assert row.finding.startswith("wn is worse than bn by 11 points in test.accuracy")
    assert (row.metric, row.skill_mean, row.skill_sd, row.delta) == ("test.accuracy", 62.0, 2.0, -11.0)
    assert (row.skill_ci_low, row.skill_ci_high) == pytest.approx((57.0317, 66.9683), abs=1e-4)
    assert (row.n_runs, row.n_planned, row.n_failed, row.cost_used_h) == (6, 6, 0, 9.75)
    assert (row.run_ids, row.updated_at) == ((1, 2, 3, 4, 5, 6), "2026-11-20T14:15:00+00:00")
    assert (row.finding_source, row.order, row.schema) == ("computed", 2, 1)


def test_rows_come_depth_first_in_declared_order() -> None:
    child = a_question(node="g/q/c", id="c", level=3)
    other = a_question(node="a", id="a", level=1)
    found = table(a_group(a_question(children=(child,))), other)
    assert [(row.node, row.level, row.order) for row in found] == [
        ("g", 1, 1),
        ("g/q", 2, 2),
        ("g/q/c", 3, 3),
        ("a", 1, 4),
    ]


def test_a_group_counts_every_run_once() -> None:
    twice = a_question(node="g/p", id="p")
    group = table(a_group(a_question(), twice))[0]
    assert (group.n_runs, group.n_planned, group.cost_used_h) == (6, 6, 9.75)
    assert (group.skill, group.skill_mean, group.verdict) == ("", None, "")
    assert group.finding == "2 of 2 questions answered."


def test_reruns_and_failures_are_counted_and_paid() -> None:
    more = [a_run(7, "bn", 1, "FAILED"), a_run(8, "bn", 2, "RUNNING"), a_run(9, "bn", 3, "INTERRUPTED")]
    row = table(a_question(), runs=[*SIX, *more], now=NOON + timedelta(hours=1))[0]
    assert (row.n_runs, row.n_planned, row.n_failed, row.cost_used_h) == (9, 6, 3, 11.75)
    assert row.run_ids == (1, 2, 3, 4, 5, 6)
    assert row.state == "done"


def test_a_failure_with_settings_of_another_question_is_not_counted_as_its_own() -> None:
    six = [replace(run, config={**run.config, "z": 0}) for run in SIX]
    failed = [a_run(7 + z, norm, 1, "FAILED", z=z) for z, norm in enumerate(("wn", "bn", "wn"))]
    mine = a_question()
    others = a_question(node="g/p", id="p", setup={"depth": 20, "z": 1})
    group, own, other = table(a_group(mine, others), runs=[*six, *failed])
    assert (own.n_runs, own.n_failed, other.n_failed, group.n_failed) == (9, 1, 1, 2)
    assert table(mine, runs=failed)[0].n_failed == 3  # nothing answers yet that they could differ from


def test_nothing_is_left_of_a_question_that_is_put_aside() -> None:
    group, parked = table(a_group(a_question(parked=True)), runs=SIX[:4])
    assert (parked.state, parked.cost_left_h, group.cost_left_h) == ("parked", 0.0, 0.0)
    assert table(a_question(), runs=SIX[:4])[0].cost_left_h == 2.75


def test_one_point_is_not_told_as_points() -> None:
    one = a_question(
        metric=Metric("test.accuracy", unit="%", sesoi=1), claims=(Claim("worse", "wn", at_least=1),)
    )
    row = table(one)[0]
    assert row.claim == "supported: wn is worse than bn by at least 1 point"
    assert (
        "would find 1 point in"
        in table(one, runs=[*SIX[:3], *(a_run(n, "wn", n - 6) for n in (7, 8, 9))])[0].finding
    )


def test_a_question_without_runs_leaves_its_numbers_open() -> None:
    row = table(a_question(), runs=[])[0]
    assert (row.status, row.skill, row.finding) == ("planned", "", "0 of 6 runs done.")
    assert (row.skill_mean, row.delta, row.p_adj, row.best_value) == (None, None, None, "")
    assert (row.run_ids, row.updated_at, row.cost_used_h) == ((), "", 0.0)


def test_the_reported_difference_is_the_one_with_the_smallest_p() -> None:
    runs = [a_run(7 + seed, "ln", seed, hours=1) for seed in (1, 2, 3)]
    SKILLS.update({8: 61.0, 9: 62.5, 10: 63.0})
    row = table(a_question(values=("bn", "ln", "wn")), runs=[*SIX, *runs])[0]
    assert (row.delta, row.verdict, row.test) == (-11.0, "worse", "Welch t, Holm")


def test_numbers_stay_numbers_and_other_values_become_json() -> None:
    question = a_question(values=(1, None), baseline=None)
    row = table(question, runs=[a_run(1, 1.0, 1), a_run(4, None, 1)])[0]
    assert (row.best_value, row.baseline) == (1, "null")


def test_times_are_told_in_utc() -> None:
    zone = timezone(timedelta(hours=9))
    run = Run(
        id=1,
        experiment="full",
        status="COMPLETED",
        config={"depth": 20, "norm": "bn"},
        seed=1,
        stopped=NOON.astimezone(zone),
    )
    assert table(a_question(), runs=[run])[0].updated_at == "2026-11-20T12:00:00+00:00"


def test_what_the_question_varies_is_not_in_its_setup() -> None:
    question = a_question(parameter="experiment", values=("full", "wn"), baseline="full")
    assert table(question, runs=[])[0].setup == {"depth": 20}


def test_a_humans_finding_keeps_the_computed_one_beside_it() -> None:
    row = table(a_question(finding="It does not."))[0]
    assert (row.finding, row.finding_source) == ("It does not.", "human")
    assert row.finding_computed.startswith("wn is worse")


def test_what_a_human_found_is_told_among_the_claims() -> None:
    row = table(a_question(finding="It is worse.", finding_claim=Claim("worse", "wn", at_least=5)))[0]
    assert (row.claim_state, row.claim) == (
        "supported",
        "finding supported: wn is worse than bn by at least 5 points",
    )


def test_a_row_tells_what_a_claim_and_an_effect_come_to() -> None:
    claims = (Claim("worse", "wn", at_least=5, source="a paper"), Claim("same", "wn"))
    question = a_question(metric=Metric("test.accuracy", unit="%", sesoi=0.5), claims=claims)
    row = table(question)[0]
    assert (row.claim_state, row.claim.splitlines()) == (
        "contradicted",
        [
            "supported: wn is worse than bn by at least 5 points (a paper)",
            "contradicted: wn is the same as bn",
        ],
    )
    assert row.effect_size == pytest.approx(-5.565, abs=1e-3)
    assert row.seeds_needed == 382
    assert (row.finding_state, row.finding_reason, len(row.evidence)) == ("fresh", "", 12)


def test_evidence_changes_with_the_numbers_alone() -> None:
    one, again = table(a_question())[0], table(a_question(question="How?"))[0]
    SKILLS[1] += 1
    other = table(a_question())[0]
    SKILLS[1] -= 1
    assert one.evidence == again.evidence != other.evidence
    assert table(a_question(), runs=[])[0].evidence == ""
