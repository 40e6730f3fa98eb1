"""What a finding tells of its own weakness: few seeds, one seed, outliers, skew, loose pairs, looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import Metric, Question
from tracker.statistics.testset import wilson
from tracker.wording.remarks import remarks

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
FIVE = (1, 2, 3, 4, 5)
TESTED = {"training": {"data": {"test": 1000, "validation": 500}}}


def test_a_single_network_has_the_interval_of_its_test_set(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=(1,)), {"bn": (90.0,), "wn": (93.0,)}, info=TESTED)
    low, high = wilson(0.9, 1000, 0.05)
    assert found.estimates[0].network == pytest.approx((100 * low, 100 * high))
    assert found.verdict == "unreplicated"
    assert "; by the test set's size alone: bn 87.98 to 91.71, wn 91.25 to 94.42" in found.computed


def test_the_interval_names_the_split_that_was_measured(a_question: Ask, conclude: Conclude) -> None:
    metric = Metric("validation.accuracy", unit="%")
    info = {"training": {"data": {"validation": 500}}}
    found = conclude(
        a_question(seeds=(1,), values=("bn",), baseline="bn", metric=metric), {"bn": (90.0,)}, info=info
    )
    assert "bn 90 % [87 to 92 by the validation set's size alone]" in found.computed


def test_wilsons_interval_is_scipys() -> None:
    from scipy import stats

    for count, n in ((0, 10), (3, 10), (930, 1000), (10, 10)):
        theirs = stats.binomtest(count, n).proportion_ci(method="wilson")
        assert wilson(count / n, n, 0.05) == pytest.approx((theirs.low, theirs.high), abs=1e-9)


@pytest.mark.parametrize(
    ("metric", "skill"),
    [(Metric("test.loss"), 0.5), (Metric("accuracy", unit="%"), 50.0), (Metric("test.accuracy"), 50.0)],
)
def test_what_is_no_share_of_a_known_test_set_has_none(
    a_question: Ask, conclude: Conclude, metric: Metric, skill: float
) -> None:
    found = conclude(a_question(seeds=(1,), metric=metric), {"bn": (skill,), "wn": (skill,)}, info=TESTED)
    assert found.estimates[0].network is None


def test_a_verdict_that_hangs_on_one_seed_says_so(a_question: Ask, conclude: Conclude) -> None:
    skills = {"bn": (60.0, 60.1, 59.9, 60.0, 60.05), "wn": (61.0, 60.2, 61.1, 60.9, 61.0)}
    alone = {"bn": (60.0, 60.1, 59.9, 60.0, 60.05), "wn": (60.3, 60.5, 59.7, 60.9, 60.62)}
    firm = conclude(a_question(seeds=FIVE), skills)
    weak = conclude(a_question(seeds=FIVE, alpha=0.25), alone)
    assert (firm.verdict, weak.verdict) == ("better", "better")
    assert "hangs on" not in firm.computed
    assert "; better for wn hangs on seed 4 of wn" in weak.computed


def test_many_seeds_that_a_verdict_hangs_on_are_counted(a_question: Ask, conclude: Conclude) -> None:
    question, skills = a_question(seeds=FIVE, alpha=0.25), {"bn": (60.0,) * 5, "wn": (61.0, 60.2, 61, 60, 61)}
    (one,) = conclude(question, skills).comparisons
    four = tuple(("wn", seed) for seed in FIVE[:4])
    few, many = (remarks(question, [replace(one, hangs_on=on)], [], None) for on in (four[:3], four))
    assert few == [f"{one.verdict} for wn hangs on seed 1 of wn, seed 2 of wn, seed 3 of wn"]
    assert many == [f"{one.verdict} for wn hangs on 4 of 10 seeds"]


def test_a_trend_that_hangs_on_one_seed_says_so(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered")
    found = conclude(
        question, {1: (50.0, 50.9, 49.1), 2: (50.2, 50.5, 49.9), 3: (50.0, 50.8, 58.0)}, config=1
    )
    assert found.verdict == "inconclusive"
    loose = conclude(
        a_question(parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered", alpha=0.3),
        {1: (50.0, 50.9, 49.1), 2: (50.2, 50.5, 49.9), 3: (50.0, 50.8, 58.0)},
    )
    assert loose.verdict == "rising"
    assert "; rising for the trend hangs on" in loose.computed
    assert "seed 3 of depth=3" in loose.computed


def test_an_outlier_is_kept_and_told_with_the_median(a_question: Ask, conclude: Conclude) -> None:
    skills = {"bn": (60.0, 60.1, 59.9, 60.05, 50.0), "wn": (61.0, 61.2, 61.1, 60.9, 61.0)}
    found = conclude(a_question(seeds=FIVE), skills)
    assert found.estimates[0].outlier == 5
    assert found.estimates[0].n == 5
    assert "; bn: seed 5 lies far out (median 60.0, mean 58.0)" in found.computed


def test_skewed_seeds_are_told(a_question: Ask, conclude: Conclude) -> None:
    skills = {"bn": (1.0, 1.1, 1.0, 1.2, 9.0), "wn": (2.0, 2.1, 2.2, 2.1, 9.0)}
    assert "the seeds are skewed" in conclude(a_question(seeds=FIVE), skills).computed


def test_pairs_show_how_well_they_go_together(a_question: Ask, conclude: Conclude) -> None:
    good = {"bn": (60.0, 62.0, 64.0), "wn": (61.0, 63.2, 64.9)}
    loose = {"bn": (60.0, 62.0, 64.0), "wn": (63.0, 63.2, 60.9)}
    together = conclude(a_question(pair_by="seed"), good)
    assert "n=3 pairs, r=1.00)" in together.computed
    assert "pairs hardly go together" not in together.computed
    assert "; pairs hardly go together, so pairing finds less: wn (r=-0.82)" in (
        conclude(a_question(pair_by="seed"), loose).computed
    )


def test_an_open_question_says_how_many_seeds_would_be_enough(a_question: Ask, conclude: Conclude) -> None:
    metric = Metric("test.accuracy", unit="%", sesoi=0.5)
    skills = {"bn": (63.1, 64.2, 62.0), "wn": (63.0, 64.3, 61.9)}
    found = conclude(a_question(metric=metric), skills)
    assert found.verdict == "inconclusive"
    assert found.seeds_needed == 204
    assert found.computed.endswith("; about 204 seeds per value would find 0.5 points in 4 of 5 cases.")


def test_without_a_difference_that_matters_no_seeds_are_forecast(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(), {"bn": (63.1, 64.2, 62.0), "wn": (63.0, 64.3, 61.9)})
    assert found.seeds_needed is None
    assert "would find" not in found.computed


def test_an_effect_size_stands_beside_a_difference(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(), {"bn": (60.0, 61.0, 62.0), "wn": (62.0, 63.0, 64.0)})
    assert found.lead is not None
    assert found.lead.g == pytest.approx(1.6)


# ---------------------------------------------------------------------------------------------------
# A peak between the ends of a scale

ORDERED: dict[str, Any] = {"parameter": "depth", "baseline": None, "scale": "ordered"}


def test_a_peak_inside_a_scale_is_found(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(**ORDERED, values=(14, 32, 56, 110))
    skills = {14: (50.1, 50.0, 49.8), 32: (54.0, 54.2, 53.9), 56: (54.1, 54.4, 54.2), 110: (50.0, 50.2, 49.9)}
    found = conclude(question, skills)
    assert (found.verdict, found.lead and found.lead.value) == ("peak", 56)
    assert found.computed.startswith(
        "with depth from 14 to 110, test.accuracy peaks at 56: the fitted middle lies 4.7 points above "
        "the mean of the fitted ends (95% CI 4.4 to 4.9, Holm p<0.001, n=3 per value)"
    )
    dip = conclude(question, {value: [100 - number for number in found] for value, found in skills.items()})
    assert dip.verdict == "valley"
    assert "has its valley at 56: the fitted middle lies 4.7 points below the mean" in dip.computed


def test_a_curve_that_levels_off_rises(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(**ORDERED, values=(14, 32, 56, 110))
    skills = {14: (50.1, 50.0, 49.8), 32: (54.0, 54.2, 53.9), 56: (56.1, 56.4, 56.2), 110: (56.2, 56.3, 56.0)}
    assert conclude(question, skills).verdict == "rising"


# ---------------------------------------------------------------------------------------------------
# Declared looks

TEN = tuple(range(1, 11))
CLEAR = {"bn": (60.0, 61.0, 62.0), "wn": (40.0, 41.0, 42.0)}


def test_a_look_that_decides_ends_the_question(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=TEN, looks=(3, 5, 10)), CLEAR)
    assert (found.state, found.verdict) == ("done", "worse")
    assert "(98.3% CI" in found.computed
    assert found.computed.endswith("; look 1 of 3, at 3 seeds, the next at 5.")
    assert len(found.wanted) == 6


def test_a_look_that_does_not_decide_asks_for_the_next(a_question: Ask, conclude: Conclude) -> None:
    close = {"bn": (60.0, 61.0, 62.0, 99.0), "wn": (60.1, 61.2, 61.9)}
    found = conclude(a_question(seeds=TEN, looks=(3, 5, 10)), close)
    assert (found.state, found.verdict) == ("partial", "inconclusive")
    assert found.estimates[0].n == 3
    assert {cell.seed for cell in found.wanted} == {1, 2, 3, 4, 5}


def test_before_the_first_look_nothing_is_said(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(seeds=TEN, looks=(5, 10)), CLEAR)
    assert (found.state, found.verdict) == ("partial", "")
    assert {cell.seed for cell in found.wanted} == {1, 2, 3, 4, 5}


def test_each_look_tests_at_its_share_of_alpha(a_question: Ask, conclude: Conclude) -> None:
    skills = {"bn": (60.0, 61.0, 62.0), "wn": (63.0, 64.2, 65.1)}
    assert conclude(a_question(), skills).verdict == "better"
    assert conclude(a_question(seeds=TEN, looks=(3, 5, 10)), skills).verdict == "inconclusive"


def test_seeds_beyond_the_last_look_make_a_finding_exploratory(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(seeds=(1, 2, 3, 4, 5), looks=(3, 4))
    skills = {"bn": (60.0, 61.0, 62.0, 60.5, 61.5), "wn": (60.1, 61.2, 61.9, 60.2, 61.6)}
    found = conclude(question, skills)
    assert found.computed.endswith("; exploratory: 5 seeds, and the last declared look was at 4.")
    assert found.estimates[0].n == 5
    short = conclude(question, {value: numbers[:4] for value, numbers in skills.items()})
    assert short.computed.endswith("; look 2 of 2, at 4 seeds.")


def test_a_child_waits_while_its_parent_is_still_looked_at(a_question: Ask, laboratory: Any) -> None:
    child = a_question(node="q/c", id="c", level=2, when={"parent.verdict": "worse"}, setup={"depth": 8})
    parent = a_question(seeds=TEN, looks=(3, 10), children=(child,))
    close = {"bn": (60.0, 61.0, 62.0), "wn": (60.1, 61.2, 61.9)}
    assert laboratory.record(parent, close).answer(parent)[0].children[0].state == "blocked"


def test_a_choice_at_the_edge_of_what_was_tried_is_told(a_question: Ask, laboratory: Any) -> None:
    question = a_question(nuisance={"lr": (0.1, 0.3, 1.0)}, select_by="val.accuracy")
    laboratory.record(question, {"bn": (60.0, 61.0, 62.0), "wn": (40.0, 41.0, 42.0)})
    for run in laboratory.runs:
        best = 1.0 if run.config["norm"] == "bn" else 0.3
        laboratory.numbers["val.accuracy", run.id] = -abs(run.config["lr"] - best)
    assert laboratory.answer(question)[0].computed.endswith(
        "; chosen by val.accuracy: lr=1.0 for bn, lr=0.3 for wn; "
        "at the edge of what was tried: lr=1.0 for bn."
    )


# ---------------------------------------------------------------------------------------------------
# Put aside


def test_a_parked_question_says_nothing_and_neither_do_its_children(a_question: Ask, laboratory: Any) -> None:
    child = a_question(node="q/c", id="c", level=2, setup={"depth": 8})
    parent = a_question(parked=True, children=(child,))
    found = laboratory.record(parent, CLEAR).answer(parent)[0]
    assert (found.state, found.status, found.verdict) == ("parked", "planned", "")
    assert found.computed == "parked; 6 of 6 runs done; n=3 for bn, 3 for wn."
    assert found.children[0].state == "parked"
    assert found.children[0].computed.startswith("parked as q is; 0 of 6 runs done")


def test_a_group_is_done_without_what_is_parked(a_question: Ask, laboratory: Any) -> None:
    one = a_question(node="g/a", id="a", level=2)
    other = a_question(node="g/b", id="b", level=2, setup={"depth": 9}, parked=True)
    group = a_question(node="g", id="g", parameter="", values=(), baseline=None, children=(one, other))
    found = laboratory.record(one, CLEAR).answer(group)[0]
    assert (found.state, found.computed) == ("done", "1 of 2 questions answered, 1 parked.")
    aside = laboratory.answer(a_question(node="g", id="g", values=(), baseline=None, children=(other,)))[0]
    assert aside.state == "parked"
