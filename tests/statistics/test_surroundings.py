"""Runs that were made with other code, another torch, other threads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tracker.findings import Finding
from tracker.questions.question import Question

Ask = Callable[..., Question]
Conclude = Callable[..., Finding]
SKILLS = {"bn": (63.1, 64.2, 62.0), "wn": (31.0, 30.2, 31.8)}


def by_value(**facts: Any) -> Callable[[Any], dict[str, Any]]:
    """Facts of the training that depend on the value: a pair, for bn and for wn."""
    return lambda cell: {"training": {name: pair[cell.value == "wn"] for name, pair in facts.items()}}


def code(commit: str, dirty: bool = False) -> dict[str, Any]:
    return {"tracker": {"code": {"commit": commit, "dirty": dirty}}}


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"torch": ("2.14", "2.15")}, "torch (2.14, 2.15)"),
        ({"threads": (1, 2)}, "threads (1, 2)"),
        ({"precision": ("fp32", "tf32")}, "precision (fp32, tf32)"),
    ],
)
def test_what_differs_along_with_the_value_leaves_no_verdict(
    a_question: Ask, conclude: Conclude, facts: Any, words: str
) -> None:
    found = conclude(a_question(), SKILLS, info=by_value(**facts))
    assert found.verdict == ""
    assert found.computed.startswith(
        f"not comparable: the runs differ in {words}; make the runs alike, or ignore it"
    )


def test_two_states_of_the_code_are_two_things(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(
        a_question(), SKILLS, info=lambda cell: code("ab" * 20 if cell.value == "bn" else "cd" * 20)
    )
    assert "the runs differ in code (ababababab, cdcdcdcdcd)" in found.computed
    changed = conclude(a_question(), SKILLS, info=lambda cell: code("ab" * 20, dirty=cell.value == "bn"))
    assert "the runs differ in code (ababababab with changes, ababababab)" in changed.computed


def test_a_run_that_went_on_with_other_code_or_torch_is_like_neither(
    a_question: Ask, conclude: Conclude
) -> None:
    def info(cell: Any) -> dict[str, Any]:
        first, second = {"commit": "ab" * 20}, {"commit": "cd" * 20}
        parts = [{"code": first}, {"code": second, "changed": {"torch": ["2.14", "2.15"]}}]
        told = {"tracker": {"code": first, "parts": parts if cell.value == "wn" else []}}
        return {**told, "training": {"torch": "2.14" if cell.value == "bn" else "2.15"}}

    found = conclude(a_question(), SKILLS, info=info)
    assert "code (ababababab, ababababab, then cdcdcdcdcd)" in found.computed
    assert "torch (2.14, 2.14, then 2.15)" in found.computed


def test_what_differs_but_not_with_the_value_is_told(a_question: Ask, conclude: Conclude) -> None:
    found = conclude(a_question(), SKILLS, info=lambda cell: code("ab" * 20 if cell.seed == 1 else "cd" * 20))
    assert found.verdict == "worse"
    assert found.computed.endswith(
        "; code differs among the runs, though not with the values (ababababab, cdcdcdcdcd)."
    )


@pytest.mark.parametrize("ignored", ["torch", "code"])
def test_what_is_ignored_is_ignored(a_question: Ask, conclude: Conclude, ignored: str) -> None:
    def info(cell: Any) -> dict[str, Any]:
        own = "a" if cell.value == "bn" else "b"
        return {"training": {"torch": own}} if ignored == "torch" else code(own)

    assert conclude(a_question(ignore=(ignored,)), SKILLS, info=info).verdict == "worse"
    assert conclude(a_question(), SKILLS, info=info).verdict == ""


def test_what_the_question_varies_may_differ(a_question: Ask, laboratory: Any) -> None:
    question = a_question(parameter="precision", values=("fp32", "bf16"), baseline="fp32")
    laboratory.record(question, {"fp32": SKILLS["bn"], "bf16": SKILLS["wn"]}, info=lambda cell: {
        "training": {"precision": cell.value}
    })  # fmt: skip
    assert laboratory.answer(question)[0].verdict == "worse"


@pytest.mark.parametrize("info", [{}, {"training": 3}, {"tracker": {"code": "x"}}, {"tracker": {"code": {}}}])
def test_a_record_that_tells_nothing_differs_from_nothing(
    a_question: Ask, conclude: Conclude, info: Any
) -> None:
    assert conclude(a_question(), SKILLS, info=info).verdict == "worse"
