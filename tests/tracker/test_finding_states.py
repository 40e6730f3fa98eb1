"""What becomes of a question while runs are missing, fail, differ, or wait for another's verdict."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.tracker.findings_scene import BN_ONLY, FULL, NOON, Laboratory, Skills, a_question, finding
from tracker.findings import answer, findings
from tracker.findings.states import cells_state
from tracker.questions.question import Question, Questions
from tracker.run import Run
from tracker.tree import build_tree
from tracker.wording import sentences


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
