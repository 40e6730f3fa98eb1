"""Verdicts and the sentences that tell them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.tracker.findings_scene import BN_ONLY, DIVERGED, FULL, Laboratory, a_question, finding
from tracker.questions.question import Metric
from tracker.table import rows


def test_a_clear_difference_is_told_with_its_interval_p_and_n() -> None:
    found = finding(a_question(), {"full": FULL, "bn_only": BN_ONLY})
    assert found.verdict == "worse"
    assert found.computed == (
        "bn_only is worse than full by 32 points in test.accuracy (95% CI 30 to 34, p<0.001, n=3 per value)."
    )


def test_where_less_is_better_the_words_turn_round() -> None:
    metric = Metric("test.loss", goal="minimize")
    laboratory = Laboratory().record(a_question(metric=metric), {"full": FULL, "bn_only": BN_ONLY})
    laboratory.numbers = {("test.loss", id): number for (_, id), number in laboratory.numbers.items()}
    found = laboratory.answer(a_question(metric=metric))[0]
    assert found.verdict == "better"
    assert found.computed.startswith("bn_only is better than full by 32 in test.loss (95% CI 30 to 34")


@pytest.mark.parametrize(
    ("skills", "sesoi", "verdict", "words"),
    [
        ((63.0, 64.3, 61.9), None, "inconclusive", "bn_only against full is inconclusive: -0.03 points in"),
        ((63.0, 64.3, 61.9), 3.0, "same", "bn_only is the same as full in test.accuracy within 3 points:"),
        ((63.0, 64.3, 61.9), 0.3, "inconclusive", "is inconclusive"),
        (
            (67.0, 68.3, 66.0),
            0.3,
            "better",
            "bn_only is better than full by 4 points in test.accuracy (95% CI",
        ),
        (
            (67.0, 68.3, 66.0),
            30,
            "better-but-small",
            "by 4.0 points in test.accuracy, less than 30 points (90%",
        ),
        ((59.0, 60.3, 58.0), 30, "worse-but-small", "bn_only is worse than full by 4.0 points in"),
    ],
)
def test_the_verdict_weighs_the_difference_that_matters(
    skills: Sequence[float], sesoi: float | None, verdict: str, words: str
) -> None:
    question = a_question(metric=Metric("test.accuracy", unit="%", sesoi=sesoi))
    found = finding(question, {"full": FULL, "bn_only": skills})
    assert found.verdict == verdict
    assert words in found.computed


def test_sameness_shows_the_p_it_rests_on() -> None:
    question = a_question(metric=Metric("test.accuracy", unit="%", sesoi=3.0))
    assert "TOST p=0.0" in finding(question, {"full": FULL, "bn_only": (63.0, 64.3, 61.9)}).computed


def test_sameness_shows_the_interval_it_rests_on() -> None:
    question = a_question(metric=Metric("test.accuracy", unit="%", sesoi=2.5))
    found = finding(question, {"full": FULL, "bn_only": (63.0, 64.3, 61.9)})
    row = rows([found])[0]
    assert found.lead is not None
    assert (found.verdict, found.lead.level) == ("same", 0.9)
    assert "(90% CI -2.04 to 1.98, TOST p=0.030, n=3 per value)" in found.computed
    assert (row.delta_ci_low, row.delta_ci_high) == pytest.approx((-2.04, 1.98), abs=0.01)


@pytest.mark.parametrize("seeds", [(1,), (1, 2)])
def test_under_three_seeds_there_is_no_claim(seeds: tuple[int, ...]) -> None:
    found = finding(a_question(seeds=seeds), {"full": FULL, "bn_only": BN_ONLY})
    assert found.verdict == "unreplicated"
    assert found.computed.endswith(f"(n={len(seeds)} per value; a verdict needs 3).")
    assert found.lead is not None
    assert (found.lead.p, found.lead.low) == (None, None)


def test_seeds_that_change_nothing_are_no_replication() -> None:
    found = finding(a_question(), {"full": (60.0,) * 3, "bn_only": (50.0,) * 3})
    assert found.verdict == "unreplicated"
    assert "-10.0 points" in found.computed
    assert "the seeds give identical results" in found.computed


def test_pairs_that_all_differ_alike_are_told_as_such() -> None:
    question = a_question(pair_by="seed")
    found = finding(question, {"full": (60.0, 62.5, 65.0), "bn_only": (50.0, 52.5, 55.0)})
    assert found.verdict == "unreplicated"
    assert "(n=3 pairs, but every pair differs by the same amount)" in found.computed


def test_every_value_is_named_and_holm_covers_them_all() -> None:
    question = a_question(values=("full", "bn_only", "frozen"))
    found = finding(question, {"full": FULL, "bn_only": BN_ONLY, "frozen": (62.1, 64.9, 63.0)})
    assert "bn_only is worse than full by 32 points" in found.computed
    assert "frozen against full is inconclusive" in found.computed
    assert found.computed.count("Holm p") == 2
    assert found.verdict == "worse"
    assert found.lead is found.comparisons[0]


def test_pairs_by_seed_use_the_seeds_that_both_have() -> None:
    question = a_question(pair_by="seed", seeds=(1, 2, 3, 4))
    skills = {"full": (60.0, 70.0, 80.0, 90.0), "bn_only": (59.1, 69.0, 78.9, DIVERGED)}
    found = finding(question, skills)
    assert found.verdict == "worse"
    assert "by 1.0 points in test.accuracy" in found.computed
    assert "n=3 pairs" in found.computed
    assert found.computed.endswith("; bn_only: 3 of 4 converged.")


def test_diverged_runs_are_counted_in_the_sentence() -> None:
    found = finding(a_question(), {"full": FULL, "bn_only": (31.0, DIVERGED, 30.2)})
    assert found.state == "done"
    assert found.verdict == "unreplicated"
    assert found.computed.endswith("; bn_only: 2 of 3 converged.")


def test_a_value_that_always_diverges_cannot_be_compared() -> None:
    found = finding(a_question(), {"full": FULL, "bn_only": (DIVERGED,) * 3})
    assert found.computed == "bn_only never converged (0 of 3), so it cannot be compared with full."
    assert found.lead is not None
    assert (found.verdict, found.lead.delta) == ("diverged", None)


def test_a_baseline_that_always_diverges_compares_with_nothing() -> None:
    found = finding(a_question(), {"full": (DIVERGED,) * 3, "bn_only": BN_ONLY})
    assert found.verdict == "diverged"
    assert found.computed == "full never converged (0 of 3), so bn_only cannot be compared with it."


@pytest.mark.parametrize("pair_by", ["", "seed"])
def test_a_value_that_always_diverges_leads_its_question(pair_by: str) -> None:
    question = a_question(values=("full", "bn_only", "frozen"), pair_by=pair_by)
    found = finding(question, {"full": FULL, "bn_only": BN_ONLY, "frozen": (DIVERGED,) * 3})
    row = rows([found])[0]
    assert (row.verdict, row.state, row.delta, row.p_adj) == ("diverged", "done", None, None)
    assert "bn_only is worse than full by" in row.finding
    assert "; frozen never converged (0 of 3), so it cannot be compared with full" in row.finding


def test_a_trend_without_one_of_its_values_has_diverged() -> None:
    question = a_question(**{**ORDERED, "baseline": 20})
    found = finding(question, {20: (50, 51, 52), 56: (55, 56, 57), 110: (DIVERGED,) * 3})
    assert found.verdict == "diverged"
    assert found.computed.startswith(
        "with depth from 20 to 110, test.accuracy cannot be fitted: depth=110 never converged (0 of 3); "
        "depth=56 is better than depth=20 by"
    )


def test_pairs_without_a_common_seed_have_not_diverged() -> None:
    skills = {"full": (60.0, DIVERGED, DIVERGED), "bn_only": (DIVERGED, 50.0, 51.0)}
    found = finding(a_question(pair_by="seed"), skills)
    assert found.verdict == "unreplicated"
    assert found.computed.startswith("bn_only cannot be compared with full: n=0; full: 1 of 3 converged")


def test_when_all_diverge_the_question_has_diverged() -> None:
    found = finding(a_question(), {"full": (DIVERGED,) * 3, "bn_only": (DIVERGED,) * 3})
    assert (found.state, found.status, found.verdict) == ("diverged", "done", "diverged")
    assert found.computed == "bn_only never converged (0 of 3), nor did full, so they cannot be compared."


ORDERED = {"parameter": "depth", "values": (20, 56, 110), "baseline": None, "scale": "ordered"}


@pytest.mark.parametrize(
    ("skills", "sesoi", "verdict", "words"),
    [
        (((50, 51, 52), (55, 56, 57), (60, 61, 62)), None, "rising", "rises by 10.0 points (95% CI"),
        (((60, 61, 62), (55, 56, 57), (50, 51, 52)), None, "falling", "falls by 10.0 points (95% CI"),
        (((50, 51, 52), (50, 51, 52.1), (50, 51, 52)), None, "inconclusive", "is inconclusive: +0.0 points"),
        (((50, 51, 52), (50, 51, 52.1), (50, 51, 52)), 9, "flat", "stays flat within 9 points: +0.0 points"),
    ],
)
def test_along_a_scale_the_slope_speaks(
    skills: Sequence[Sequence[float]], sesoi: float | None, verdict: str, words: str
) -> None:
    question = a_question(**ORDERED, metric=Metric("test.accuracy", unit="%", sesoi=sesoi))
    found = finding(question, dict(zip((20, 56, 110), skills, strict=True)))
    assert found.verdict == verdict
    assert found.computed.startswith("with depth from 20 to 110, test.accuracy ")
    assert words in found.computed


def test_a_baseline_on_a_scale_adds_the_comparisons() -> None:
    question = a_question(**{**ORDERED, "baseline": 20})
    found = finding(question, {20: (50, 51, 52), 56: (55, 56, 57), 110: (60, 61, 62)})
    assert found.verdict == "rising"
    assert "; depth=56 is better than depth=20 by 5 points" in found.computed
    assert [one.family for one in found.comparisons] == [4, 4, 4]  # the slope, the bend, two values


def test_a_log_scale_measures_ratios() -> None:
    fields = {"parameter": "batch_size", "values": (4, 16, 64), "baseline": None, "scale": "log"}
    found = finding(a_question(**fields), {4: (50, 51, 52), 16: (55, 56, 57), 64: (60, 61, 62)})
    assert found.lead is not None
    assert found.lead.delta == pytest.approx(10.0)
