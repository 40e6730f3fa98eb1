"""The Markdown, rendered by a parser that follows the specification."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tracker.export.cells import clean
from tracker.export.formats import write
from tracker.export.markdown import escaped, in_cell, markdown
from tracker.findings import part
from tracker.findings.claims import check
from tracker.questions.question import Claim

CELL = re.compile(r"<td>(.*?)</td>", re.DOTALL)
TAG = re.compile(r"</?(\w+)[^>]*>")
QUICK = settings(max_examples=60, suppress_health_check=[*HealthCheck])


def rendered(text: str) -> str:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)


def seen(marked: str) -> str:
    """The words a reader sees of rendered text, with single blanks."""
    return " ".join(html.unescape(re.sub(r"</?\w+[^>]*>", "", marked.replace("<br>", " "))).split())


def words(text: str) -> str:
    return " ".join(clean(text).split())


def test_a_root_is_a_heading_with_a_table(tree: Any, tmp_path: Path) -> None:
    assert write(tree.findings, tree.store, tmp_path / "tree.md") == (tmp_path / "tree.md",)
    lines = (tmp_path / "tree.md").read_text().splitlines()
    assert lines[:4] == [
        "## BatchNorm",
        "",
        "| question | state | skill (mean ± sd) | finding |",
        "| --- | --- | --- | --- |",
    ]
    assert lines[5] == (
        "| &emsp;**norm**<br>&emsp;Does weight normalisation do the same? | ● done<br>**worse** | "
        "bn 62.0 ± 2.0 %, n=3<br>wn 51.0 ± 1.0 %, n=3 | Nearly. (a human's words)<br>"
        + in_cell(tree.findings[0].children[0].computed)
        + " |"
    )
    assert lines[-2:] == ["- bn/norm, hypothesis: It does.", "- bn/norm, notes: See the paper."]


def test_what_a_human_found_has_its_outcome_in_the_notes(tree: Any) -> None:
    (norm,) = part(tree.findings, ["bn/norm"])
    said = check(norm.node.question, Claim("worse", value="wn"), norm.comparisons)
    assert "- bn/norm, finding supported: wn is worse than bn\n" in markdown([replace(norm, human=said)])


def test_a_part_of_a_tree_stands_under_its_place_and_says_what_became_of_its_claims(tree: Any) -> None:
    found = part(tree.findings, ["bn/norm"])
    claims = (Claim("worse", value="wn", source="a paper"), Claim("better", value="wn"))
    asked = replace(found[0].node, question=replace(found[0].node.question, claims=claims))
    checked = tuple(check(asked.question, claim, found[0].comparisons) for claim in claims)

    lines = markdown([replace(found[0], node=asked, claims=checked)]).splitlines()

    assert lines[0] == "## bn/norm"
    assert lines[4].startswith("| **norm**<br>Does weight")
    assert lines[-2:] == [
        "- bn/norm, claim supported: wn is worse than bn (a paper)",
        "- bn/norm, claim contradicted: wn is better than bn",
    ]


def test_every_node_is_a_row_of_four_cells(tree: Any) -> None:
    found = rendered(markdown(tree.findings))
    assert found.count("<tr>") == 4
    assert len(CELL.findall(found)) == 3 * 4


@QUICK
@given(st.data())
def test_a_cell_shows_its_text_whatever_it_is(texts: Any, data: st.DataObject) -> None:
    text = data.draw(texts)
    found = rendered(f"| a | b |\n| --- | --- |\n| {in_cell(text)} | end |\n")
    assert [seen(cell) for cell in CELL.findall(found)] == [words(text), "end"]


@QUICK
@given(st.data())
def test_a_heading_shows_its_text_whatever_it_is(texts: Any, data: st.DataObject) -> None:
    text = data.draw(texts)
    found = rendered(f"## {escaped(text)}\n\nnext\n")
    assert seen(found.partition("</h2>")[0]) == words(text)
    assert found.endswith("<p>next</p>\n")


@QUICK
@given(st.data())
def test_nothing_a_tree_contains_becomes_markup(trees: Any, data: st.DataObject) -> None:
    tree = data.draw(trees)
    found = rendered(markdown(tree.findings))
    allowed = {"h2", "table", "thead", "tbody", "tr", "th", "td", "br", "strong", "span", "ul", "li"}
    assert set(TAG.findall(found)) <= allowed
    assert len(CELL.findall(found)) == 4 * 2
