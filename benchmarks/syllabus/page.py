"""The page docs/syllabus.md: every item with its homes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.syllabus.homes import homes_of
from benchmarks.syllabus.table import ITEMS, SOURCES, Chapter, Item

INTRODUCTION = f"""\
# The syllabus

Five documents on BatchNorm and on training networks claim and recommend {ITEMS} things.
Each of them is tested here, or says why it is not: by a question that runs answer, by a check that a network must pass, by what every training records or looks for.

This page is made by `make syllabus` from `benchmarks/syllabus/chapters`, the question files and the code; what it names is there.
A question is answered by `sweeps run sweeps/FILE.yaml`, at a laptop's size with `--profile cpu`, and `tracker tree sweeps/FILE.yaml` shows what is known so far.

| | document |
|---|---|
"""


def page(chapters: Sequence[Chapter]) -> str:
    """The whole page; raises SyllabusError for a home that is not there."""
    sources = "".join(f"| {short} | {title} |\n" for short, title in SOURCES.items())
    return INTRODUCTION + sources + "".join(_section(chapter) for chapter in chapters)


def _section(chapter: Chapter) -> str:
    sources = ", ".join(chapter.sources)
    rows = "".join(_row(item) for item in chapter.items)
    head = "| | what is said | from | where it is tested |\n|---|---|---|---|\n"
    return f"\n## {chapter.title}\n\nFrom {sources}.\n\n{head}{rows}"


def _row(item: Item) -> str:
    homes = (
        f"out of scope: {item.out_of_scope}"
        if item.out_of_scope
        else "<br>".join(homes_of(item)) or "not yet"
    )
    return f"| {item.number} | {item.claim} | {', '.join(item.sources)} | {homes} |\n"
