"""Which seeds count when the results may be looked at before all of them are there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from tracker.questions.question import Question
from tracker.statistics.verdicts import OPEN, Comparison
from tracker.tree import Node


@dataclass(frozen=True, slots=True)
class Look:
    """A declared moment at which the results are looked at."""

    seeds: int  # how many of the declared seeds count, from the first on
    number: int  # 1 for the first look; 0 where every seed is there and there are more than were declared
    following: int  # at how many seeds the next look is; 0 after the last one


def last_look(node: Node) -> Look | None:
    """The last declared look whose runs are all there; None before the first, or without declared looks."""
    question, declared = node.question, stages(node.question)
    open_seeds = {cell.seed for cell in node.cells if not cell.answer}
    ready = _leading(question.seeds, open_seeds)
    if not declared or ready < declared[0]:
        return None
    if ready == len(question.seeds) > declared[-1]:
        return Look(ready, 0, 0)
    number = sum(look <= ready for look in declared)
    beyond = len(question.seeds) if question.added else 0
    following = declared[number] if number < len(declared) else beyond
    return Look(declared[number - 1], number, following)


def stages(question: Question) -> tuple[int, ...]:
    """At how many seeds the results may be looked at; added seeds come after a look at the others."""
    return question.looks or ((len(question.seeds) - len(question.added),) if question.added else ())


def counted(node: Node, look: Look) -> Node:
    """The node with the seeds of a look alone."""
    seeds = node.question.seeds[: look.seeds]
    cells = tuple(cell for cell in node.cells if cell.seed in seeds)
    return replace(node, question=replace(node.question, seeds=seeds), cells=cells)


def _leading(seeds: tuple[int, ...], open_seeds: Collection[int]) -> int:
    return next((place for place, seed in enumerate(seeds) if seed in open_seeds), len(seeds))


def ended(look: Look | None, comparisons: Sequence[Comparison]) -> bool:
    """Whether a look ends its question: the last one does, and one that leaves no comparison open."""
    if look is None or not comparisons:
        return False
    return not look.following or all(one.verdict not in OPEN for one in comparisons)


def stage(question: Question, look: Look | None, looked_at: Iterable[int]) -> list[str]:
    """A clause on which of the declared looks this is, or why the finding is exploratory.

    `looked_at` are the numbers of seeds at which there was a verdict to see before.
    """
    seeds = look.seeds if look else len(question.seeds)
    undeclared = [str(count) for count in looked_at if count < seeds and count not in question.looks]
    early = [
        f"exploratory: looked at with {', '.join(undeclared)} seeds before, which looks does not declare"
    ]
    if look and not look.number and question.added:
        declared = len(question.seeds) - len(question.added)
        return [f"exploratory: {len(question.added)} seeds were added after a look at {declared}"]
    if look and not look.number:
        return [f"exploratory: {look.seeds} seeds, and the last declared look was at {question.looks[-1]}"]
    if look is None:
        return early if undeclared else []
    if not question.looks:
        return [f"{len(question.added)} more seeds were added after this look"]
    following = f", the next at {look.following}" if look.following else ""
    this = f"look {look.number} of {len(question.looks)}, at {look.seeds} seeds{following}"
    return [this, *(early if undeclared else [])]
