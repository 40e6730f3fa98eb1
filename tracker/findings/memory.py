"""What was found for a question when it was looked at last, for as long as nothing about it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from tracker.findings.seals import Seal
from tracker.statistics.estimates import Numbers
from tracker.tree import Node


class Found(Protocol):
    """A finding, as far as it is kept here."""

    @property
    def node(self) -> Node: ...


F = TypeVar("F", bound=Found)
OfCells = Callable[[Node, Numbers, datetime, str, Seal | None], F]


@dataclass(frozen=True, slots=True)
class _Kept(Generic[F]):
    finding: F  # keeps the runs alive, by whose identity the next ones are compared
    basis: tuple[Any, ...]


class Memory(Generic[F]):
    """The findings of the last look; runs are the same when they are the same objects."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept[F]] = {}

    def recall(self, compute: OfCells[F]) -> OfCells[F]:
        """The same as `compute`, which is called only where something is another than at the last look."""
        before, self._kept = self._kept, {}

        def of_cells(node: Node, numbers: Numbers, now: datetime, gate: str, seal: Seal | None) -> F:
            path, basis = node.question.node, (*_rest(node, numbers, now), gate, seal)
            kept = before.get(path)
            if kept and kept.basis == basis and _is_same(kept.finding.node, node):
                found: F = replace(kept.finding, node=node, now=now)  # type: ignore[type-var]
            else:
                found = compute(node, numbers, now, gate, seal)
            self._kept[path] = _Kept(found, basis)
            return found

        return of_cells


def _is_same(before: Node, node: Node) -> bool:
    """Whether the question is the same one, with the same runs."""
    if before.question is not node.question:
        return False
    kept = before.cells is node.cells and before.undeclared is node.undeclared
    return kept or _runs(before) == _runs(node)


def _runs(node: Node) -> tuple[Any, ...]:
    return (
        [[id(run) for run in cell.runs] for cell in node.asked],
        [id(cell.answer) for cell in node.asked],
        [id(run) for run in node.undeclared],
    )


def _rest(node: Node, numbers: Numbers, now: datetime) -> tuple[Any, ...]:
    """What else a finding is computed from: the states at this moment, and the numbers.

    The state of a run that answers, because it completed, stays what it is.
    """
    metric, select_by = node.question.metric, node.question.select_by
    answers = [cell.answer for cell in node.asked if cell.answer]
    asked = [name for name in (metric.name, select_by) if name]
    return (
        [cell.state(now) for cell in node.asked if not cell.answer],
        [numbers(answers, name, metric.reduce) for name in asked],
    )
