"""What a finding rests on, in marks that show when it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tracker.configs import key
from tracker.questions.question import Question
from tracker.run import Run
from tracker.statistics.estimates import Numbers
from tracker.tree import Node

_LENGTH = (
    12  # characters of a mark: 48 bits, so that two runs of 10,000 are mixed up once in five million files
)
_DESIGN = (
    "metric", "values", "variants", "baseline", "scale", "pair_by", "nuisance", "select_by", "setup",
    "experiment", "alpha", "looks", "seeds",
)  # fmt: skip
_SINCE = ("tuning_seeds", "trials")  # what older seals do not know: marked only where it is said


@dataclass(frozen=True, slots=True)
class Evidence:
    """The runs that answer a question, by identity, and how it was asked."""

    runs: Mapping[str, tuple[int | str, str]] = field(
        default_factory=dict
    )  # identity -> id, mark of its numbers
    design: Mapping[str, str] = field(default_factory=dict)  # field of the question -> mark of its value

    @property
    def mark(self) -> str:
        """One mark for all of it; empty without runs."""
        if not self.runs:
            return ""
        runs = sorted((identity, told) for identity, (_, told) in self.runs.items())
        return _mark((runs, sorted(self.design.items())))


def gather(node: Node, numbers: Numbers) -> Evidence:
    """The evidence of a question with values."""
    question = node.question
    answers = {cell.answer.id: cell.answer for cell in node.asked if cell.answer}
    found = numbers(answers.values(), question.metric.name, question.metric.reduce)
    chosen = (
        numbers(answers.values(), question.select_by, question.metric.reduce) if question.select_by else {}
    )
    runs = {}
    for cell in node.asked:
        if cell.answer:
            run = cell.answer
            told = (key(cell.value), cell.seed, found.get(run.id), chosen.get(run.id), run.diverged is None)
            runs[identity(run)] = (run.id, _mark(told))
    design = (*_DESIGN, *(name for name in _SINCE if getattr(question, name)))
    return Evidence(runs, {name: _mark(_plain(question, name)) for name in design})


def identity(run: Run) -> str:
    """What stays the same when a run gets another id: its uuid where the record has one."""
    return run.uuid or f"run {run.id}"


def changes(before: Evidence, now: Evidence) -> str:
    """How evidence differs, in words; empty where it does not."""
    new = [now.runs[one][0] for one in now.runs if one not in before.runs]
    gone = [before.runs[one][0] for one in before.runs if one not in now.runs]
    other = [
        now.runs[one][0] for one in now.runs if one in before.runs and before.runs[one][1] != now.runs[one][1]
    ]
    asked = [name for name in (*_DESIGN, *_SINCE) if before.design.get(name) != now.design.get(name)]
    parts = [_counted(new, "new"), _counted(gone, "gone"), _counted(other, "changed")]
    return "; ".join(
        [*filter(None, parts), *([f"the question was changed in {', '.join(asked)}"] if asked else [])]
    )


def _counted(ids: Iterable[int | str], word: str) -> str:
    listed = list(ids)
    named = ", ".join(map(str, listed[:5])) + (", ..." if len(listed) > 5 else "")
    return f"{len(listed)} run{'s' * (len(listed) != 1)} {word} ({named})" if listed else ""


def _plain(question: Question, name: str) -> Any:
    value = getattr(question, name)
    if name == "metric":
        return (value.name, value.reduce, value.goal, value.sesoi, value.split)
    return sorted(value.items(), key=repr) if isinstance(value, Mapping) else value


def _mark(value: Any) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).hexdigest()[:_LENGTH]
