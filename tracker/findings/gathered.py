"""Numbers of many runs, asked for at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tracker.run import Run
from tracker.statistics.estimates import Numbers
from tracker.tree import Node


def gathered(nodes: Sequence[Node], numbers: Numbers) -> Numbers:
    """The same numbers, asked for beforehand, because a store answers many runs faster than one by one."""
    wanted: dict[tuple[str, str], dict[int | str, Run]] = defaultdict(dict)
    for node in _nodes(nodes):
        metric = node.question.metric
        for name in filter(None, (metric.name, node.question.select_by)):
            wanted[name, metric.reduce] |= {cell.answer.id: cell.answer for cell in node.asked if cell.answer}
    known = {
        (name, reduction): numbers(runs.values(), name, reduction)
        for (name, reduction), runs in wanted.items()
        if runs
    }

    def look_up(runs: Iterable[Run], name: str, reduction: str) -> Mapping[int | str, float]:
        found = known.get((name, reduction), {})
        return {run.id: found[run.id] for run in runs if run.id in found}

    return look_up


def _nodes(nodes: Sequence[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.children)
