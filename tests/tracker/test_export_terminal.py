"""The tree as people see it in a terminal."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tracker.export.terminal import render
from tracker.findings import Finding, findings
from tracker.findings.seals import Seal
from tracker.questions.question import Claim, Metric, Question, Questions
from tracker.run import Run
from tracker.tree import build_tree

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOSTILE = "[red]x[/red] [/] [link=file:///a]y\x1b[31m\x07 :warning: " + "w" * 150
QUESTION = Question(
    node="g/vs-full",
    id="vs-full",
    line=1,
    level=2,
    metric=Metric("test.accuracy", unit="%"),
    name="vs-full",
    question="How much accuracy is lost when nothing but the scale and the shift of BatchNorm is trained?",
    parameter="train",
    values=("full", "bn_only"),
    baseline="full",
    seeds=(1, 2, 3),
    experiment="full",
)
GROUP = Question(node="g", id="g", line=1, level=1, metric=QUESTION.metric, name="g", children=(QUESTION,))
SKILLS = dict(enumerate((63.1, 64.2, 62.0, 31.0, 30.2, 31.8)))


def tree(question: Question, count: int = 6, status: str = "COMPLETED") -> tuple[Finding, ...]:
    runs = [
        Run(
            id=id,
            experiment="full",
            status=status,
            config={"train": "full" if id < 3 else "bn_only"},
            seed=1 + id % 3,
            stopped=NOON,
        )
        for id in range(count)
    ]

    def numbers(asked: Iterable[Run], _name: str, _reduction: str) -> dict[int | str, float]:
        return {run.id: SKILLS[int(run.id)] for run in asked}

    return findings(build_tree(Questions(Path("q"), "p", (question,)), runs), numbers, NOON)


def shown(found: tuple[Finding, ...], width: int = 100, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, **options)
    render(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def letters(text: str) -> str:
    return re.sub(r"[\s│├└─]", "", text)


def test_a_node_shows_state_question_skills_and_finding() -> None:
    assert shown(tree(GROUP)).splitlines() == [
        "● g  done",
        "  1 of 1 question answered.",
        "└── ● vs-full  done, worse",
        "      How much accuracy is lost when nothing but the scale and the shift of BatchNorm is trained?",
        "      full 63.1 ± 1.1 %  n=3",
        "      bn_only 31.0 ± 0.8 %  n=3",
        "      bn_only is worse than full by 32 points in test.accuracy (95% CI 30 to 34, p<0.001, n=3 per",
        "      value).",
    ]


@pytest.mark.parametrize("width", [20, 40, 80, 100, 140])
def test_no_width_drops_a_word_or_runs_over(width: int) -> None:
    found = tree(GROUP)
    text = shown(found, width)
    assert max(map(len, text.splitlines())) <= width
    for part in (QUESTION.question, found[0].children[0].computed, "bn_only 31.0 ± 0.8 %  n=3"):
        assert letters(part) in letters(text)


@pytest.mark.parametrize("field", ["name", "question", "finding", "hypothesis", "notes"])
def test_what_people_write_is_shown_and_not_obeyed(field: str) -> None:
    text = shown(
        tree(replace(QUESTION, **{field: HOSTILE})), 80, force_terminal=True, color_system="truecolor"
    )
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert letters(HOSTILE.replace("\x1b", "\\x1b").replace("\x07", "\\x07")) in letters(plain)
    assert "\x1b]8" not in text
    assert "\x07" not in text


def test_what_is_expected_and_noted_is_shown() -> None:
    question = replace(QUESTION, hypothesis="At least 15 points.", notes="See the paper.\n\nAnd ask Ada.")
    lines = shown(tree(question)).splitlines()
    assert lines[1].startswith("  How much accuracy is lost")
    assert lines[2] == "  hypothesis: At least 15 points."
    assert lines[-3:] == ["  notes: See the paper.", "", "  And ask Ada."]


@pytest.mark.parametrize("width", [20, 40, 100])
def test_no_line_in_a_file_ends_in_blanks(width: int) -> None:
    lines = shown(tree(replace(GROUP, notes="One.\n\nTwo.")), width).splitlines()
    assert len(lines) > 5
    assert lines == [line.rstrip() for line in lines]


def test_a_file_gets_no_colours() -> None:
    assert "\x1b" not in shown(tree(GROUP))


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[" in shown(tree(GROUP), force_terminal=True, color_system="standard")


@pytest.mark.parametrize(
    ("count", "status", "heading"),
    [
        (0, "COMPLETED", "○ vs-full  planned"),
        (4, "COMPLETED", "… vs-full  partial"),
        (6, "FAILED", "× vs-full  failed"),
        (6, "RUNNING", "× vs-full  dead"),
        (6, "QUEUED", "… vs-full  queued"),
    ],
)
def test_the_state_can_be_read_without_colour(count: int, status: str, heading: str) -> None:
    assert shown(tree(QUESTION, count, status)).splitlines()[0] == heading


def test_a_humans_words_stand_above_the_computed_ones() -> None:
    text = shown(tree(replace(QUESTION, finding="Nearly everything is lost.")))
    assert text.index("Nearly everything is lost. (a human's words)") < text.index("bn_only is worse")


def test_claims_stand_beneath_the_finding_with_their_outcome() -> None:
    claims = (
        Claim("worse", "bn_only", at_least=15.0, source="a paper"),
        Claim("better", "bn_only"),
        Claim("worse", "bn_only", at_least=32.0),
    )
    lines = shown(tree(replace(QUESTION, claims=claims)), 120).splitlines()
    assert lines[-3:] == [
        "  ✓ claim supported: bn_only is worse than full by at least 15 points (a paper)",
        "  ✗ claim contradicted: bn_only is better than full",
        "  ? claim not settled: bn_only is worse than full by at least 32 points",
    ]


def test_a_humans_finding_that_the_runs_contradict_says_so() -> None:
    said = Claim("better", "bn_only")
    lines = shown(tree(replace(QUESTION, finding="It is better!", finding_claim=said)), 120).splitlines()
    assert lines[0] == "● vs-full  done, worse, contradicted"
    assert lines[-1] == "  ✗ contradicted: bn_only is better than full"


@pytest.mark.parametrize(
    ("least", "line"),
    [
        (15.0, "  ✓ finding supported: bn_only is worse than full by at least 15 points"),
        (32.0, "  ? finding not settled: bn_only is worse than full by at least 32 points"),
    ],
)
def test_a_humans_finding_that_can_be_checked_has_its_outcome_beside_it(least: float, line: str) -> None:
    said = Claim("worse", "bn_only", at_least=least)
    lines = shown(tree(replace(QUESTION, finding="It is worse!", finding_claim=said)), 120).splitlines()
    assert lines[-1] == line


def test_what_was_sealed_is_fresh_until_a_run_is_gone() -> None:
    (first,) = tree(QUESTION)
    seal = Seal("2026-11-20", first.verdict, first.computed, "", (), first.evidence)
    (sealed,) = (replace(first, seal=seal),)
    assert shown((first,)).startswith("● vs-full  done, worse\n")
    assert shown((sealed,)).startswith("● vs-full  done, worse, fresh\n")
    (fewer,) = tree(QUESTION, 5)
    lines = shown((replace(fewer, seal=seal),)).splitlines()
    assert lines[0] == "… vs-full  partial, stale"
    assert lines[-1] == "  ! stale: 1 run gone (5)"


def test_a_name_that_is_not_the_id_shows_both() -> None:
    assert shown(tree(replace(QUESTION, name="Against full"))).startswith("● Against full [vs-full]  done")
