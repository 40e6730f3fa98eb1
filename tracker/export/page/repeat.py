"""The commands that repeat a question, as short as a shell can say them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from itertools import groupby

from tracker.commands import command, written
from tracker.configs import key
from tracker.tree import Cell


def commands(cells: Sequence[Cell]) -> str:
    """A line of shell for all cells that differ in a plain value and the seed, else one for each value."""
    if not cells:
        return ""
    groups = by_settings(cells)
    first = cells[0]
    parameter = first.question.parameter
    values = [written(group[0].value) for group in groups]
    word = f"{parameter}={values[0]}"
    plain = all(shlex.quote(one) == one for one in (parameter, *values))
    alike = all(
        command(group[0]) == tuple(f"{parameter}={value}" if one == word else one for one in command(first))
        for group, value in zip(groups, values, strict=True)
    )
    if len(groups) < 2 or not plain or not alike or command(first).count(word) != 1:
        return "\n".join(_over_seeds(group) for group in groups)
    inner = _over_seeds(groups[0]).replace(f" {word} ", f" {parameter}=$value ")
    return f"for value in {' '.join(values)}; do {inner}; done"


def by_settings(cells: Iterable[Cell]) -> list[list[Cell]]:
    """The cells of each combination of settings, which differ in their seed."""
    return [list(group) for _, group in groupby(cells, lambda cell: key(cell.settings))]


def _over_seeds(cells: Sequence[Cell]) -> str:
    """The command of one cell, or a shell's loop over the seeds of several."""
    words = command(cells[0])
    if len(cells) == 1 or words[-1] != f"seed={cells[0].seed}":
        return "\n".join(shlex.join(command(cell)) for cell in cells)
    seeds = " ".join(str(cell.seed) for cell in cells)
    return f"for seed in {seeds}; do {shlex.join(words[:-1])} seed=$seed; done"
