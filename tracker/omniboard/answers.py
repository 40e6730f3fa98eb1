"""What the tree of questions says of each run."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tracker.findings import Finding, walk
from tracker.run import Run
from tracker.stores.collections import QUESTION_TAG
from tracker.table import Row, rows

FACTS = ("context", "setup", "parameter", "value", "status", "skill", "finding")  # under info.tracker


@dataclass(frozen=True, slots=True)
class Answer:
    """The tags and facts of one run."""

    tags: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


def states(runs: Iterable[Run], now: datetime) -> dict[int | str, Answer]:
    """For every run its status alone, as the tracker sees it: Omniboard knows no diverged run."""
    return {run.id: Answer(facts={"status": run.state(now)}) for run in runs}


def answers(findings: Iterable[Finding]) -> dict[int | str, Answer]:
    """For each run that a question asks for, done or not, its tags and facts.

    Where several questions ask for a run, their words stand beside each other, or once if all say the same.
    """
    roots = list(findings)
    told = {row.node: row for row in rows(roots)}
    parts: dict[int | str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for finding in (below for root in roots for below in walk(root)):
        for cell in finding.cells:
            for run in cell.runs:
                node = cell.question.node
                parts[run.id][node] = _facts(told[node], cell.value, run, finding)
    return {id: _answer(by_node) for id, by_node in parts.items()}


def _facts(row: Row, value: Any, run: Run, finding: Finding) -> dict[str, Any]:
    return {
        "context": row.context,
        "setup": ", ".join(f"{name}={_word(one)}" for name, one in row.setup.items()),
        "parameter": row.parameter,
        "value": value if isinstance(value, str | int | float) else _word(value),
        "status": run.state(finding.now),
        "skill": row.skill,
        "finding": row.finding,
    }


def _answer(by_node: Mapping[str, Mapping[str, Any]]) -> Answer:
    facts = {name: _joined([part[name] for part in by_node.values()]) for name in FACTS}
    return Answer(tuple(f"{QUESTION_TAG}{node}" for node in by_node), facts)


def _joined(values: Sequence[Any]) -> Any:
    first = values[0]
    if all(type(value) is type(first) and value == first for value in values):
        return first
    *before, last = (_word(value) for value in values)
    return "; ".join([*(word.removesuffix(".") for word in before), last])  # a finding is a sentence


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
