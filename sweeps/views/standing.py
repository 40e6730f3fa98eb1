"""How far each question is: done, running, failed, left."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sweeps.planning.missing import ANSWERED, UNDER_WAY
from sweeps.planning.plan import Plan, PlannedCell


@dataclass(frozen=True)
class Standing:
    """The cells of one question, or of all, each in one of four groups."""

    node: str
    done: int = 0
    running: int = 0
    failed: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        """How many cells there are."""
        return self.done + self.running + self.failed + self.left

    def __str__(self) -> str:
        """The groups that are not empty, in words."""
        others = {"running": self.running, "failed": self.failed, "left": self.left}
        more = "".join(f", {count} {word}" for word, count in others.items() if count)
        return f"{self.done} of {self.total} done{more}"


@dataclass(frozen=True)
class News:
    """What is known beyond the plan, by the keys of the runs."""

    running: Collection[str] = ()
    done: Collection[str] = ()
    failed: Collection[str] = ()


def standings(plan: Plan, news: News) -> list[Standing]:
    """One for each question that is asked, in the order of the file."""
    by_node: dict[str, list[PlannedCell]] = {}
    for cell in plan.grid:
        by_node.setdefault(cell.node, []).append(cell)
    return [_standing(node, cells, news) for node, cells in by_node.items()]


def together(plan: Plan, news: News) -> Standing:
    """All runs, each once, however many questions it answers."""
    once = {cell.key or str(number): cell for number, cell in enumerate(plan.grid)}
    return _standing("", once.values(), news)


def _standing(node: str, cells: Iterable[PlannedCell], news: News) -> Standing:
    groups = [_group(cell, news) for cell in cells]
    return Standing(node, *(groups.count(word) for word in ("done", "running", "failed", "left")))


def _group(cell: PlannedCell, news: News) -> str:
    if cell.state in ANSWERED or cell.key in news.done:
        return "done"
    if cell.state in UNDER_WAY or cell.key in news.running:
        return "running"
    return "failed" if cell.state == "failed" or cell.key in news.failed else "left"
