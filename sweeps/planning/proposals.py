"""The settings that a question's tuning tries next."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeps.planning.samplers import Settings, is_installed, learned, spread
from tracker import Cell, Finding
from tracker.configs import key, same
from tracker.questions import Question

if TYPE_CHECKING:
    from tracker.statistics.tuning import Trial

ROUNDS = 4  # in so many parts Optuna proposes the trials of a value; it learns from those before


def proposed(finding: Finding) -> tuple[Cell, ...]:
    """The runs that are asked for now, with settings for the trials that come next.

    The trials of a value come in rounds, and a round rests on the ones before it alone: whoever asks while
    it is under way gets the same settings, whatever of it has been started. Where there is a hindrance
    they stay undecided.
    """
    if not finding.node.question.trials or hindrance(finding):
        return finding.wanted
    found: dict[tuple[Hashable, int], Settings] = {}
    for value in finding.node.question.values:
        for number, settings in _next(finding, value).items():
            found[key(value), number] = settings
    return tuple(_decided(cell, found.get((key(cell.value), cell.trial))) for cell in finding.wanted)


def hindrance(finding: Finding) -> str:
    """Why nothing can be proposed on this machine, in words; empty where it can, or need not be."""
    question = finding.node.question
    if is_installed(question.sampler) or all(cell.decided for cell in finding.node.trials):
        return ""
    return (
        f"{question.node}: sampler: {question.sampler} is not installed; "
        f"pip install 'sacred-grove[{question.sampler}]', or write sampler: random"
    )


def _decided(cell: Cell, nuisance: Settings | None) -> Cell:
    if cell.decided or nuisance is None:
        return cell
    return replace(cell, nuisance=nuisance, settings={**cell.settings, **nuisance})


def _next(finding: Finding, value: Any) -> dict[int, Settings]:
    """The settings of the coming trials of a value, by the number of the trial."""
    question = finding.node.question
    there = [trial for trial in finding.trials if same(trial.value, value) and trial.nuisance]
    size = question.trials if question.sampler == "random" else math.ceil(question.trials / ROUNDS)
    earlier = there[: len(there) // size * size]
    if len(there) == question.trials or not all(trial.ended for trial in earlier):
        return {}
    known = {key(trial.nuisance) for trial in there}
    fresh = [one for one in _round(question, value, earlier, size) if key(one) not in known]
    numbers = range(len(there) + 1, min(len(earlier) + size, question.trials) + 1)
    return dict(zip(numbers, fresh, strict=False))


def _round(question: Question, value: Any, earlier: Sequence[Trial], size: int) -> list[Settings]:
    return learned(question, value, earlier, size) if earlier else spread(question, size)
