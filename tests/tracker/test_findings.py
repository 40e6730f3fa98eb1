"""Verdicts and the sentences that tell them."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tracker.findings import Finding, answer, findings
from tracker.findings.states import cells_state
from tracker.questions.question import Metric, Question, Questions
from tracker.run import Run
from tracker.table import rows
from tracker.tree import build_tree, cells
from tracker.wording import sentences

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCURACY = Metric("test.accuracy", unit="%")
FULL, BN_ONLY = (63.1, 64.2, 62.0), (31.0, 30.2, 31.8)


def a_question(**fields: Any) -> Question:
    given = {
        "node": "q",
        "id": "q",
        "name": "q",
        "line": 1,
        "level": 1,
        "metric": ACCURACY,
        "question": "Why?",
        "parameter": "train",
        "values": ("full", "bn_only"),
        "baseline": "full",
        "seeds": (1, 2, 3),
        "experiment": "full",
    }
    return Question(**{**given, **fields})


DIVERGED = "diverged"
Skills = Mapping[Any, Sequence[float | str | None]]


class Laboratory:
    """Runs and their numbers, made to measure."""

    def __init__(self) -> None:
        self.runs: list[Run] = []
        self.numbers: dict[tuple[str, int | str], float] = {}

    def record(self, question: Question, skills: Skills, **config: Any) -> Laboratory:
        """One run per cell that has a skill: a number, a status such as FAILED, or DIVERGED."""
        for cell in cells(question):
            listed = skills.get(cell.value, ())
            place = question.seeds.index(cell.seed)
            skill = listed[place] if place < len(listed) else None
            if skill is not None:
                self._add(cell.settings, cell.seed, skill, config)
        return self

    def _add(
        self, given: Mapping[str, Any], seed: int, skill: float | str, config: Mapping[str, Any]
    ) -> None:
        id = len(self.runs) + 1
        settings = {name: value for name, value in given.items() if name != "experiment"}
        status = "COMPLETED" if skill == DIVERGED or not isinstance(skill, str) else skill
        self.runs.append(
            Run(
                id=id,
                experiment=given.get("experiment", "full"),
                status=status,
                config={**settings, **config, "seed": seed},
                seed=seed,
                started=NOON,
                heartbeat=NOON,
                stopped=NOON if status == "COMPLETED" else None,
                info={"tracker": {"diverged": {"step": 9}}} if skill == DIVERGED else {},
            )
        )
        if not isinstance(skill, str):
            self.numbers["test.accuracy", id] = skill

    def values(self, runs: Iterable[Run], name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: self.numbers[name, run.id] for run in runs if (name, run.id) in self.numbers}

    def answer(self, *roots: Question) -> tuple[Finding, ...]:
        return findings(build_tree(Questions(Path("q.yaml"), "p", roots), self.runs), self.values, NOON)


def finding(question: Question, skills: Skills) -> Finding:
    return Laboratory().record(question, skills).answer(question)[0]


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


def test_while_runs_are_missing_there_is_no_verdict() -> None:
    found = finding(a_question(), {"full": FULL, "bn_only": (31.0, "FAILED", "RUNNING")})
    assert (found.state, found.status, found.verdict) == ("running", "running", "")
    assert found.computed == "4 of 6 runs done, 1 failed, 1 running; n=3 for full, 1 for bn_only."


def test_a_question_without_runs_is_planned() -> None:
    found = finding(a_question(), {})
    assert (found.state, found.status, found.computed) == ("planned", "planned", "0 of 6 runs done.")


def test_runs_that_differ_in_more_get_no_verdict() -> None:
    question = a_question()
    laboratory = Laboratory().record(question, {"full": FULL}, lr=0.1)
    found = laboratory.record(question, {"bn_only": BN_ONLY}, lr=0.01).answer(question)[0]
    assert (found.verdict, found.comparisons) == ("", ())
    assert found.computed == (
        "not comparable: the runs differ in lr (0.1, 0.01); fix it in setup, or ignore it; "
        "6 of 6 runs done; n=3 for full, 3 for bn_only."
    )


def test_what_is_not_comparable_yet_tells_how_far_it_is() -> None:
    question = a_question()
    laboratory = Laboratory().record(question, {"full": FULL[:2]}, lr=0.1)
    found = laboratory.record(question, {"bn_only": (31.0, "RUNNING")}, lr=0.01).answer(question)[0]
    assert found.state == "running"
    assert found.computed.startswith("not comparable: the runs differ in lr (0.1, 0.01)")
    assert found.computed.endswith("; 3 of 6 runs done, 1 running; n=2 for full, 1 for bn_only.")


def test_of_two_seeds_both_numbers_are_told() -> None:
    found = finding(a_question(seeds=(1, 2)), {"full": FULL[:2], "bn_only": BN_ONLY[:2]})
    assert found.verdict == "unreplicated"
    told = sentences.skills(found.node.question, found.estimates)
    assert re.search(r"full [\d.]+ ± [\d.]+ % \[[\d.]+ and [\d.]+\]; bn_only", told)


def test_a_metric_that_nobody_logged_is_named_with_the_runs() -> None:
    laboratory = Laboratory().record(a_question(), {"full": FULL, "bn_only": BN_ONLY})
    del laboratory.numbers["test.accuracy", 5]
    found = laboratory.answer(a_question())[0]
    assert found.verdict == ""
    assert found.computed == "no finite test.accuracy in 1 of 6 runs (5); n=3 for full, 2 for bn_only."


def test_the_chosen_nuisance_is_told() -> None:
    question = a_question(nuisance={"lr": (0.1, 0.3)}, select_by="val.accuracy")
    laboratory = Laboratory().record(question, {"full": FULL, "bn_only": BN_ONLY})
    for run in laboratory.runs:
        laboratory.numbers["val.accuracy", run.id] = run.config["lr"] * (run.config["train"] == "full")
    found = laboratory.answer(question)[0]
    assert found.computed.endswith("; chosen by val.accuracy: lr=0.3 for full, lr=0.1 for bn_only.")


def test_a_humans_finding_stands_before_the_computed_one() -> None:
    question = a_question(finding="Less than we thought.")
    found = finding(question, {"full": FULL, "bn_only": BN_ONLY})
    assert (found.text, found.source) == ("Less than we thought.", "human")
    assert found.computed.startswith("bn_only is worse")


def test_one_value_alone_is_described() -> None:
    found = finding(a_question(values=("full",)), {"full": FULL})
    assert found.computed == "full 63.1 ± 1.1 % (mean ± sd, n=3) in test.accuracy."


def family(wanted: str) -> Question:
    grandchild = a_question(node="q/c/g", id="g", level=3, setup={"depth": 9})
    child = a_question(
        node="q/c",
        id="c",
        level=2,
        when={"parent.verdict": wanted},
        children=(grandchild,),
        setup={"depth": 8},
    )
    return a_question(children=(child,))


@pytest.mark.parametrize(
    ("skills", "wanted", "state", "words"),
    [
        ({"full": FULL}, "worse", "blocked", "blocked until q is worse; 0 of 6 runs done."),
        ({"full": FULL, "bn_only": BN_ONLY}, "worse", "planned", "0 of 6 runs done."),
        ({"full": FULL, "bn_only": BN_ONLY}, "better", "moot", "moot, because q is not better; 0 of 6"),
        ({"full": FULL, "bn_only": ("diverged",) * 3}, "worse", "moot", "moot, because q is not worse; 0 of"),
        ({"full": FULL, "bn_only": ("diverged",) * 3}, "diverged", "planned", "0 of 6 runs done."),
    ],
)
def test_a_question_waits_for_its_parents_verdict(
    skills: Skills, wanted: str, state: str, words: str
) -> None:
    root = family(wanted)
    child = Laboratory().record(root, skills).answer(root)[0].children[0]
    assert child.state == state
    assert child.computed.startswith(words)
    assert child.children[0].state == state


def test_a_group_counts_its_answers() -> None:
    one = a_question(node="g/a", id="a", level=2)
    other = a_question(node="g/b", id="b", level=2, setup={"depth": 9})
    group = a_question(node="g", id="g", parameter="", values=(), baseline=None, children=(one, other))
    laboratory = Laboratory().record(one, {"full": FULL, "bn_only": BN_ONLY})
    found = laboratory.answer(group)[0]
    assert (found.state, found.status, found.computed) == ("partial", "running", "1 of 2 questions answered.")
    assert laboratory.record(other, {"full": FULL, "bn_only": BN_ONLY}).answer(group)[0].state == "done"


def test_an_inconclusive_question_is_not_answered() -> None:
    question = a_question(node="g/a", id="a", level=2)
    group = a_question(node="g", id="g", parameter="", values=(), baseline=None, children=(question,))
    found = Laboratory().record(question, {"full": FULL, "bn_only": (63.0, 64.3, 61.9)}).answer(group)[0]
    assert (found.children[0].verdict, found.computed) == ("inconclusive", "0 of 1 question answered.")


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["done", "done"], "done"),
        (["done", "diverged"], "done"),
        (["diverged", "diverged"], "diverged"),
        (["done", "planned"], "partial"),
        (["planned", "planned"], "planned"),
        (["failed", "running"], "running"),
        (["queued", "planned"], "queued"),
        (["queued", "running"], "running"),
        (["failed", "dead", "done"], "failed"),
        (["dead", "done"], "dead"),
        (["interrupted", "planned"], "failed"),
    ],
)
def test_the_state_of_a_question_comes_from_its_cells(states: list[str], state: str) -> None:
    assert cells_state(states) == state


def test_the_store_is_asked_once_for_each_metric() -> None:
    roots = tuple(a_question(node=f"q{n}", id=f"q{n}", setup={"depth": n}) for n in range(5))
    laboratory = Laboratory()
    for root in roots:
        laboratory.record(root, {"full": FULL, "bn_only": BN_ONLY})
    asked: list[tuple[str, str, int]] = []

    def numbers(runs: Iterable[Run], name: str, reduction: str) -> dict[int | str, float]:
        listed = list(runs)
        asked.append((name, reduction, len(listed)))
        return laboratory.values(listed, name, reduction)

    findings(build_tree(Questions(Path("q"), "p", roots), laboratory.runs), numbers, NOON)
    assert asked == [("test.accuracy", "last", 30)]


def test_answer_goes_from_a_store_to_findings(tmp_path: Path) -> None:
    from tracker.stores import open_store

    found = answer(Questions(Path("q"), "p", (a_question(),)), open_store(str(tmp_path)), NOON)
    assert [one.state for one in found] == ["planned"]


def test_reading_questions_loads_neither_scipy_nor_pandas() -> None:
    code = (
        "import sys, tracker.findings, tracker.table, tracker.export.csv_file; "
        "print([name for name in ('scipy', 'numpy', 'pandas', 'pymongo', 'sacred') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_run_with_an_undeclared_seed_is_named_but_not_counted() -> None:
    question = a_question()
    laboratory = Laboratory().record(question, {"full": FULL, "bn_only": BN_ONLY})
    alone = laboratory.answer(question)[0]
    laboratory.record(a_question(seeds=(7,)), {"full": (99.0,)})

    found = laboratory.answer(question)[0]

    assert found.computed == f"{alone.computed[:-1]}; 1 more with undeclared seeds not counted."
    assert found.estimates == alone.estimates
