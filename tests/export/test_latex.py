"""The LaTeX table: what it holds, and that LaTeX takes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.export.formats import write
from tracker.export.latex import latex
from tracker.export.latex_text import SIGNS, aligned, escaped

PDFLATEX = shutil.which("pdflatex")
QUICK = settings(max_examples=60, suppress_health_check=[*HealthCheck])
COMMANDS = re.compile(r"\\(?:[A-Za-z]+|.)")
KNOWN = {
    *("\\textbackslash", "\\textasciitilde", "\\textasciicircum", "\\textless", "\\textgreater"),
    *("\\textbar", "\\char", "\\grovesign"),
    *(command for sign in SIGNS.values() for command in COMMANDS.findall(sign)),
    *("\\{", "\\}", "\\$", "\\&", "\\#", "\\%", "\\_"),
}


def document(body: str) -> str:
    packages = "\\usepackage[T1]{fontenc}\n\\usepackage{booktabs, longtable}"
    return f"\\documentclass{{article}}\n{packages}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


def test_a_question_is_followed_by_its_values_and_its_finding(tree: Any, tmp_path: Path) -> None:
    assert write(tree.findings, tree.store, tmp_path / "tree.tex") == (tmp_path / "tree.tex",)
    lines = (tmp_path / "tree.tex").read_text().splitlines()
    assert lines[2].startswith("\\begin{tabular}{@{}l r r@{}l")
    at = next(place for place, line in enumerate(lines) if "\\textbf{norm}" in line)
    assert lines[at + 1].startswith("\\hspace*{1em}\\quad bn & 3 & 62 & .0 & 2 & .0 & 57 & .0 & 67 & .0 &")
    assert "$-$11 & .0 & 0 & .004 & worse \\\\*" in lines[at + 2]
    assert "\\textit{Nearly.}" in lines[at + 3]


def test_many_rows_may_break_over_pages(asking: Callable[..., Any], answering: Callable[..., Any]) -> None:
    roots = [asking(node=f"q{at}", id=f"q{at}", level=1) for at in range(20)]
    text = latex(answering(roots, [], {}).findings)
    assert "\\begin{longtable}" in text
    assert "\\endhead" in text


@pytest.mark.parametrize(
    ("number", "cells"),
    [("-23.8", "$-$23 & .8"), ("<0.001", "$<$0 & .001"), ("62", "62 & "), ("", " & ")],
)
def test_numbers_meet_at_their_point(number: str, cells: str) -> None:
    assert aligned(number) == cells


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("50% & a_b #1 $x$ {y}", r"50\% \& a\_b \#1 \$x\$ \{y\}"),
        ("a\\b~c^d", r"a\textbackslash{}b\textasciitilde{}c\textasciicircum{}d"),
        ("62.0 ± 1.5", r"62.0 $\pm$ 1.5"),
        ("a -- b-c, ''d'' e's", "a -{}- b-c, '{}'d'{}' e's"),
        ("[0, 1]", "[0, 1]"),
        ("漢", r"\grovesign{28450}{6F22}"),
    ],
)
def test_special_characters_are_set_and_not_obeyed(text: str, made: str) -> None:
    assert escaped(text) == made


@QUICK
@given(st.data())
def test_escaped_text_is_balanced_and_holds_no_command_of_its_own(texts: Any, data: st.DataObject) -> None:
    made = escaped(data.draw(texts))
    assert set(COMMANDS.findall(made)) <= KNOWN
    bare = re.sub(r"\$[^$]*\$", "", COMMANDS.sub("", made))
    assert bare.count("{") == bare.count("}")
    assert not re.search(r"[#%&^_$\n]", bare)


@QUICK
@given(st.data())
def test_every_row_has_as_many_cells_as_the_table_columns(trees: Any, data: st.DataObject) -> None:
    lines = latex(data.draw(trees).findings).splitlines()
    rows = [line for line in lines if line.endswith(("\\\\", "\\\\*")) and "multicolumn" not in line]
    assert rows
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows} == {14}


@pytest.mark.skipif(PDFLATEX is None, reason="pdfLaTeX is not installed")
@pytest.mark.parametrize("count", [1, 20])
def test_pdflatex_takes_it(
    count: int,
    texts: Any,
    asking: Callable[..., Any],
    answering: Callable[..., Any],
    running: Callable[..., Any],
    tmp_path: Path,
) -> None:
    nasty = [chr(code) for code in (*range(0x20, 0x180), *range(0x370, 0x400), 0x6F22, 0x1F600, 0x2212)]
    text = " ".join(nasty) + " \\end{tabular} -- [x] %"
    roots = [
        asking(
            node=f"q{at}", id=f"q{at}", level=1, name=text, question=text, finding=text, values=("[a", "*b")
        )
        for at in range(count)
    ]
    (tmp_path / "t.tex").write_text(document(latex(answering(roots, [], {}).findings)), encoding="utf-8")
    answer = subprocess.run(
        [str(PDFLATEX), "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout[-2000:].decode(errors="replace")
