"""What stands behind each number, in words and by run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import Metric, Question
from tracker.run import Run, Series
from tracker.table import rows
from tracker.why import formula, matters, past, sources

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
HIGH, LOW = (63.1, 64.2, 62.0), (31.0, 30.2, 31.8)


def told(finding: Finding, field: str) -> str:
    return formula(finding, rows([finding])[0], field)


def test_each_number_of_a_comparison_has_its_formula(a_question: Ask, conclude: Conclude) -> None:
    question = a_question(metric=Metric("test.accuracy", sesoi=0.5), values=("bn", "wn", "ln"))
    found = conclude(question, {"bn": HIGH, "wn": LOW, "ln": HIGH})
    over = "test.accuracy of bn over 3 seeds: 63.1, 64.2, 62"
    assert told(found, "skill_mean") == f"the mean of {over}"
    assert told(found, "skill_sd") == f"the standard deviation, with n - 1, of {over}"
    assert told(found, "skill_ci_low") == f"mean ± t(0.975; n - 1) * sd / sqrt(n), Student's t, of {over}"
    assert told(found, "delta") == "mean of wn - mean of bn = 31 - 63.1"
    assert told(found, "delta_ci_high") == "-32.1 ± t(0.975; 3.653) * 0.7853, not adjusted"
    assert told(found, "p_adj") == "Welch t: t(3.653) = -40.88, p = 5.38e-06; by Holm over 2 tests"
    assert told(found, "verdict") == "p = 1.08e-05, TOST p = 1 at ± 0.5, each against 0.05"
    assert told(found, "effect_size").endswith("Hedges's g")
    assert told(found, "seeds_needed").startswith("the fewest with power 0.8 for 0.5")
    assert told(found, "n_runs") == ""


def test_three_values_or_more_tell_whether_the_parameter_matters(a_question: Ask, conclude: Conclude) -> None:
    three = conclude(a_question(values=("bn", "wn", "ln")), {"bn": HIGH, "wn": LOW, "ln": HIGH})
    two = conclude(a_question(values=("bn", "wn")), {"bn": HIGH, "wn": LOW})
    assert matters(three).startswith("all 3 values in one test, which decides no verdict: p = ")
    assert matters(two) == ""


def test_a_trend_and_pairs_and_looks_have_other_formulas(a_question: Ask, conclude: Conclude) -> None:
    ordered = a_question(parameter="depth", values=(1, 2, 3), baseline=None, scale="ordered")
    rise = conclude(ordered, {1: (50, 51, 52), 2: (55, 56, 57), 3: (60, 61, 62)})
    arch = conclude(ordered, {1: (50, 51, 52), 2: (60, 61, 62), 3: (50, 51, 52)})
    assert told(rise, "delta").startswith("the change of the fitted line")
    assert told(arch, "delta").startswith("how far the middle of the fitted parabola")
    pairs = conclude(a_question(pair_by="seed"), {"bn": HIGH, "wn": LOW})
    assert told(pairs, "delta") == "mean of wn - mean of bn, over the seeds that both have"
    staged = conclude(a_question(looks=(3, 5)), {"bn": HIGH, "wn": LOW})
    assert told(staged, "verdict").endswith("each against 0.025 (0.05 shared by 2 looks)")


def test_what_is_not_known_says_so(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(), {})
    assert told(found, "skill_mean").endswith("no run has the metric yet")
    assert told(found, "p_adj") == "nothing is tested yet"
    assert told(found, "seeds_needed") == "the metric has no sesoi"


class Shelf:
    """A store of the laboratory's runs, each with three points."""

    def __init__(self, laboratory: Any) -> None:
        self.values = laboratory.values
        self.numbers = laboratory.numbers

    def series(self, run: Run, name: str) -> Series:
        last = self.numbers.get((name, run.id), float("nan"))
        return Series(name, (10, 20, 30), (1.0, last, last))


@pytest.mark.parametrize(("reduction", "step"), [("last", 30), ("max", 20), ("mean", None)])
def test_every_run_is_told_with_the_step_of_its_number(
    a_question: Ask, laboratory: Any, reduction: str, step: float | None
) -> None:
    question = a_question(metric=Metric("test.accuracy", reduce=reduction))
    laboratory.record(question, {"bn": HIGH, "wn": (31.0, "diverged", 30.0)}, info={
        "tracker": {"code": {"commit": "a" * 40, "dirty": True}}
    })  # fmt: skip
    found = list(sources(laboratory.answer(question)[0], Shelf(laboratory)))  # type: ignore[arg-type]
    assert [(one.value, one.seed, one.run) for one in found][:2] == [("bn", 1, 1), ("bn", 2, 2)]
    assert {one.code for one in found} == {"aaaaaaaaaa with changes"}
    assert [one.step for one in found] == [step, step, step, step, None, step]
    assert [one.role for one in found] == ["counted"] * 4 + ["diverged", "counted"]


def test_runs_that_do_not_count_say_why(a_question: Ask, laboratory: Any) -> None:
    tuned = a_question(nuisance={"lr": (0.1, 0.3)}, select_by="val.accuracy")
    laboratory.record(tuned, {"bn": HIGH, "wn": LOW})
    for run in laboratory.runs:
        laboratory.numbers["val.accuracy", run.id] = run.config["lr"]
    del laboratory.numbers["test.accuracy", 4]
    found = list(sources(laboratory.answer(tuned)[0], Shelf(laboratory)))  # type: ignore[arg-type]
    assert [one.role for one in found][:6] == ["other setting"] * 3 + ["no number"] + ["counted"] * 2

    looked = a_question(seeds=(1, 2, 3, 4), looks=(3, 5), setup={"depth": 3})
    laboratory.record(looked, {"bn": (*HIGH, 60.0), "wn": LOW})
    found = list(sources(laboratory.answer(looked)[0], Shelf(laboratory)))  # type: ignore[arg-type]
    assert [one.role for one in found][:4] == ["counted"] * 3 + ["later look"]


def test_iterating_sources_asks_for_nothing_else() -> None:
    empty = SimpleNamespace(node=SimpleNamespace(question=None), estimates=(), cells=())
    found: Iterable[Any] = sources(empty, None)  # type: ignore[arg-type]
    assert list(found) == []


def test_what_a_run_went_on_from_stands_behind_its_number() -> None:
    def run(**facts: Any) -> Run:
        return Run(id=1, experiment="tiny", status="COMPLETED", config={}, info={"tracker": facts})

    assert past(run()) == ""
    assert past(run(parts=[{}, {}, {}])) == "in 3 parts"
    assert past(run(continues={"run": 7, "after_step": 120})) == "goes on from run 7 after step 120"
