"""The tree as Markdown that GitHub renders: a heading and a table for every root."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from tracker.export.cells import clean
from tracker.export.files import replace_all
from tracker.export.terminal import MARKS
from tracker.findings import Finding, walk
from tracker.wording import sentences

_HEADINGS = ("question", "state", "skill (mean ± sd)", "finding")
_INDENT = "&emsp;"
# An underscore inside a word is one; everywhere else these signs would be obeyed.
_SPECIAL = re.compile(r"[\\`*\[\]<>&|~#!{}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def write_markdown(findings: Sequence[Finding], out: Path) -> tuple[Path, ...]:
    """Write the Markdown."""
    replace_all({out: markdown(findings).encode()})
    return (out,)


def markdown(findings: Sequence[Finding]) -> str:
    """A section per root, with a row for every node beneath it."""
    return "\n".join(_section(finding) for finding in findings)


def escaped(text: str) -> str:
    """Text of one line that Markdown shows as it is."""
    text = _SPECIAL.sub(_shown, " ".join(clean(text).split("\n")))
    return text.replace("$", "<span>$</span>")  # GitHub reads mathematics between two of them


def in_cell(text: str) -> str:
    """Text that Markdown shows as it is in a cell of a table, line by line."""
    return "<br>".join(escaped(line) for line in clean(text).split("\n"))


def _section(finding: Finding) -> str:
    question = finding.node.question
    name = question.name if question.level == 1 else question.node  # a part of a file is named by its place
    parts = [f"## {escaped(name)}", "", _table(finding)]
    notes = list(_notes(finding))
    return "\n".join([*parts, *(["", *notes] if notes else [])]) + "\n"


def _table(finding: Finding) -> str:
    lines = [_line(_HEADINGS), _line("---" for _ in _HEADINGS)]
    root = finding.node.question.level
    return "\n".join([*lines, *(_line(_cells(below, root)) for below in walk(finding))])


def _cells(finding: Finding, root: int) -> tuple[str, ...]:
    question = finding.node.question
    indent = _INDENT * (question.level - root)
    asked = f"<br>{indent}{in_cell(question.question)}" if question.question else ""
    words = f"{MARKS.get(finding.state, ('', ''))[0]} {finding.state}".strip()
    verdict = f"<br>**{finding.verdict}**" if finding.verdict else ""
    told = in_cell(finding.text)
    if finding.source == "human":
        told += (
            f" (a human's words)<br>{in_cell(finding.computed)}" if finding.computed else " (a human's words)"
        )
    return f"{indent}**{in_cell(question.name)}**{asked}", words + verdict, _skills(finding), told


def _skills(finding: Finding) -> str:
    question = finding.node.question
    known = [one for one in finding.estimates if one.mean is not None]
    return "<br>".join(f"{in_cell(sentences.skill(question, one, known))}, n={one.n}" for one in known)


def _notes(finding: Finding) -> Iterable[str]:
    for below in walk(finding):
        question = below.node.question
        for kind, text in (("hypothesis", question.hypothesis), ("notes", question.notes)):
            if text:
                yield f"- {escaped(question.node)}, {kind}: {escaped(text)}"
        for value, words in question.explain.items():
            yield f"- {escaped(question.node)}, {escaped(value)}: {escaped(words)}"
        if below.human:
            yield f"- {escaped(question.node)}, finding {escaped(below.human.sentence)}"
        for one in below.claims:
            yield f"- {escaped(question.node)}, claim {escaped(one.sentence)}"


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _shown(found: re.Match[str]) -> str:
    """A sign that is shown and not obeyed; a reference stands where a backslash is not enough."""
    references = {"|": "&#124;", "<": "&lt;", ">": "&gt;", "&": "&amp;", "#": "&#35;"}
    return references.get(found[0], f"\\{found[0]}")
