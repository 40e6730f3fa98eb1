"""What the runs of one value say about its skill."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from tracker.configs import key
from tracker.questions.question import Question
from tracker.run import Run
from tracker.statistics.moments import mean, outlier, sd
from tracker.statistics.testset import network_interval
from tracker.tree import Cell, Node

Numbers = Callable[[Iterable[Run], str, str], Mapping[int | str, float]]  # as Store.values

LARGEST = 1e100  # a number beyond it is as good as infinite; its square must stay finite


@dataclass(frozen=True, slots=True)
class Estimate:
    """The skill of one value over its seeds; fields that need more seeds than there are, are None."""

    value: Any
    skills: Mapping[int, float]  # seed -> the metric of a run that converged
    mean: float | None
    sd: float | None  # with n - 1
    low: float | None  # Student's t interval for the mean, at 1 - alpha
    high: float | None
    completed: int  # runs that came to an end, diverged ones too
    diverged: int
    missing: tuple[int | str, ...]  # runs that converged without a usable number
    nuisance: Mapping[str, Any]  # the combination that was chosen for this value
    runs: tuple[int | str, ...]  # the runs behind `skills`, by seed
    network: tuple[float, float] | None = None  # of a single seed: Wilson's interval over test sets
    outlier: int | None = None  # the seed that lies too far from the others

    @property
    def n(self) -> int:
        """The number of runs in the mean."""
        return len(self.skills)

    @property
    def median(self) -> float | None:
        """The median, which one outlying seed cannot move far."""
        return median(list(self.skills.values())) if self.skills else None


def interval(numbers: Sequence[float], alpha: float) -> tuple[float, float]:
    """Student's t interval for the mean of two numbers or more, which holds it 1 - alpha of the time."""
    from scipy.special import stdtrit

    centre = mean(numbers)
    error = sd(numbers) / math.sqrt(len(numbers))
    half = float(stdtrit(len(numbers) - 1, 1 - alpha / 2)) * error
    return centre - half, centre + half


def estimates(node: Node, numbers: Numbers) -> tuple[Estimate, ...]:
    """One estimate per value, in declared order; of its nuisance combinations, that of the chosen one."""
    question = node.question
    cells: dict[Hashable, list[Cell]] = defaultdict(list)
    for cell in node.cells:
        cells[key(cell.value)].append(cell)
    return tuple(
        _estimate(chosen(question, cells[key(value)], numbers), value, question.alpha, numbers)
        for value in question.values
    )


def chosen(question: Question, cells: Sequence[Cell], numbers: Numbers) -> Sequence[Cell]:
    """The cells that stand for a value: of its nuisance combinations, those best on `select_by`.

    A combination with fewer diverged runs goes first, then one with the better mean; select_by shares the
    goal and the reduction of the metric. Without any number the first combination stands.
    """
    size = len(question.seeds)
    combinations = [cells[at : at + size] for at in range(0, len(cells), size)]
    if not question.select_by:
        return combinations[0]
    sign = 1 if question.metric.goal == "maximize" else -1

    def rank(combination: Sequence[Cell]) -> tuple[bool, int, float]:
        answers = [cell.answer for cell in combination if cell.answer]
        converged = [run for run in answers if run.diverged is None]
        found = usable(numbers(converged, question.select_by, question.metric.reduce)).values()
        return bool(found), len(converged) - len(answers), sign * mean(list(found)) if found else 0.0

    return max(combinations, key=rank)


def usable(numbers: Mapping[int | str, float]) -> dict[int | str, float]:
    """The numbers that can be squared and averaged."""
    return {run: number for run, number in numbers.items() if abs(number) <= LARGEST}


def _estimate(cells: Sequence[Cell], value: Any, alpha: float, numbers: Numbers) -> Estimate:
    metric = cells[0].question.metric
    answers = {cell.seed: cell.answer for cell in cells if cell.answer}
    converged = {seed: run for seed, run in answers.items() if run.diverged is None}
    found = usable(numbers(converged.values(), metric.name, metric.reduce))
    skills = {seed: found[run.id] for seed, run in converged.items() if run.id in found}
    listed = list(skills.values())
    low, high = interval(listed, alpha) if len(listed) > 1 else (None, None)
    alone = [(skills[seed], run) for seed, run in converged.items() if seed in skills and len(listed) == 1]
    return Estimate(
        value=value,
        skills=skills,
        mean=mean(listed) if listed else None,
        sd=sd(listed) if len(listed) > 1 else None,
        low=low,
        high=high,
        completed=len(answers),
        diverged=len(answers) - len(converged),
        missing=tuple(run.id for run in converged.values() if run.id not in found),
        nuisance=cells[0].nuisance,
        runs=tuple(converged[seed].id for seed in skills),
        network=network_interval(*alone[0], metric, alpha) if alone else None,
        outlier=outlier(skills),
    )
