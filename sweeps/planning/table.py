"""A plan in a terminal: for each question its values with their seeds, why, and how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sweeps.planning.expected import in_words
from sweeps.planning.job import Job
from sweeps.planning.plan import Plan, PlannedCell
from tracker.configs import key
from tracker.export.terminal import MARKS

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_LEGEND = ("done", "running", "planned", "failed")  # the states that a sign is explained for


def show(plan: Plan, console: Console) -> None:
    """Print a table for each question that misses runs, and name those that miss none."""
    jobs = {job.key: job for job in plan.jobs}
    by_node: dict[str, list[PlannedCell]] = {}
    for cell in plan.grid:
        by_node.setdefault(cell.node, []).append(cell)
    for node, cells in by_node.items():
        if any(cell.key in jobs for cell in cells):
            console.print(_table(node, cells, jobs))
    signs = ", ".join(f"{MARKS[state][0]} {state}" for state in _LEGEND)
    console.print(f"{signs}", highlight=False)


def _table(node: str, cells: Sequence[PlannedCell], jobs: Mapping[str, Job]) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    seeds = list(dict.fromkeys(cell.seed for cell in cells))
    table = Table(title=node, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    table.add_column("value", overflow="fold")
    for seed in seeds:
        table.add_column(f"{seed}", justify="center")
    table.add_column("to start", justify="right")
    table.add_column("each takes", overflow="fold")
    table.add_column("why", overflow="fold")
    for label, line in _lines(cells):
        own = [jobs[cell.key] for cell in line if cell.key in jobs]
        signs = {cell.seed: Text(*MARKS[cell.state]) for cell in line}
        row = [signs.get(seed, Text("")) for seed in seeds]
        table.add_row(Text(label), *row, str(len(own)) if own else "", _takes(own), Text(_why(own)))
    return table


def _lines(cells: Sequence[PlannedCell]) -> Iterator[tuple[str, list[PlannedCell]]]:
    """The cells by value and tuned settings, each under its name."""
    lines: dict[Any, list[PlannedCell]] = {}
    for cell in cells:
        lines.setdefault((key(cell.value), key(cell.nuisance)), []).append(cell)
    for line in lines.values():
        tuned = "".join(f" {name}={value}" for name, value in line[0].nuisance.items())
        tuned = tuned if line[0].decided else ", to be chosen"
        yield f"{line[0].value}{tuned}", line


def _takes(jobs: Sequence[Job]) -> str:
    """How long each of the jobs takes, which have the same settings."""
    if not jobs:
        return ""
    expected = jobs[0].expected
    if expected.seconds is None:
        return "unknown"
    runs = "1 run" if expected.runs == 1 else f"{expected.runs} runs"
    spread = "" if expected.runs == 1 else f" ({in_words(expected.low)} to {in_words(expected.high)})"
    return f"{in_words(expected.seconds)}{spread}, {runs} with {expected.like}"


def _why(jobs: Sequence[Job]) -> str:
    seeds: dict[str, list[int]] = {}
    for job in jobs:
        seeds.setdefault(job.why, []).append(job.seed)
    if len(seeds) == 1:
        return next(iter(seeds))
    return "; ".join(f"{', '.join(map(str, own))}: {reason}" for reason, own in seeds.items())
