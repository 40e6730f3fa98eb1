"""The items of the syllabus, read from the chapters beside this file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ITEMS = 92  # claims and techniques in the source documents
CHAPTERS = Path(__file__).parent / "chapters"

SOURCES = {
    "S0": "Neural networks tricks",
    "S1": "Tricks and trades of making a neural network work",
    "S2": "Notes on BatchNorm pitfalls (in Chinese)",
    "S3": "Taking Batchnorm For Granted",
    "S4": "Everything you wish to know about BatchNorm",
}

TESTING = ("questions", "checks", "metrics", "files", "guards", "records")  # homes that say something of it
SHOWING = ("settings", "modules", "tests")  # homes that go with one of those
KEYS = ("number", "claim", "from", "out_of_scope", *TESTING, *SHOWING)


class SyllabusError(Exception):
    """Something in the syllabus that is not so; the message names the item and says what is there instead."""


@dataclass(frozen=True)
class Item:
    """One claim or technique, and its homes by their kind."""

    number: int
    claim: str
    sources: tuple[str, ...]  # empty: those of its chapter
    homes: Mapping[str, tuple[str, ...]]
    out_of_scope: str = ""  # why it is tested nowhere

    def __post_init__(self) -> None:
        if self.out_of_scope and self.homes:
            raise SyllabusError(f"item {self.number} is out of scope and has a home: leave one of them out")

    @property
    def has_home(self) -> bool:
        """Whether something here tests it, or it says why nothing does."""
        return bool(self.out_of_scope) or any(self.homes.get(kind) for kind in TESTING)


@dataclass(frozen=True)
class Chapter:
    """Items that belong together."""

    title: str
    sources: tuple[str, ...]
    items: tuple[Item, ...]


def load_chapters(folder: Path = CHAPTERS) -> tuple[Chapter, ...]:
    """Every chapter in order; raises SyllabusError unless the items are 1 to 92, each with a home."""
    chapters = tuple(_chapter(path) for path in sorted(folder.glob("*.yaml")))
    numbers = [item.number for chapter in chapters for item in chapter.items]
    if numbers != list(range(1, ITEMS + 1)):
        wrong = sorted(set(range(1, ITEMS + 1)).symmetric_difference(numbers)) or "their order"
        raise SyllabusError(f"the items must be 1 to {ITEMS}, each once and in order; look at {wrong}")
    return chapters


def _chapter(path: Path) -> Chapter:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    sources = _sources(content["from"], path.name)
    return Chapter(content["title"], sources, tuple(_item(entry) for entry in content["items"]))


def _item(entry: Mapping[str, Any]) -> Item:
    number = entry["number"]
    for key in entry:
        known(key, KEYS, f"item {number}: the key")
    sources = _sources(entry.get("from", ()), f"item {number}")
    homes = {kind: tuple(entry[kind]) for kind in (*TESTING, *SHOWING) if entry.get(kind)}
    return Item(number, entry["claim"], sources, homes, entry.get("out_of_scope", ""))


def _sources(names: Iterable[str], place: str) -> tuple[str, ...]:
    for name in names:
        known(name, SOURCES, f"{place}: the source")
    return tuple(names)


def known(name: str, names: Collection[str], what: str) -> None:
    """Raise SyllabusError, with what was perhaps meant, unless the name is among the names."""
    if name not in names:
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else f"; there are {', '.join(sorted(names))}"
        raise SyllabusError(f"{what} '{name}' does not exist{hint}")
