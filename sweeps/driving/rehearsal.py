"""What a sweep would do, shown without starting anything."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from sweeps.planning.expected import told, total
from sweeps.planning.listing import listing
from sweeps.views.view import View

CHECKED = (
    "checked: the engine, the store, disk, memory and logs, every program, the settings of every experiment"
)


def rehearse(view: View, engine: str, places: int) -> None:
    """Print the plan, the order, and how the runs would be placed."""
    from rich.console import Console

    from sweeps.planning.table import show

    console = Console()
    show(view.plan, console)
    placing = f"engine {engine}: {at_a_time(places)}"
    for line in (*_order(view), placing, CHECKED, *_end(view, places)):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _order(view: View) -> Iterator[str]:
    jobs = view.startable()
    if jobs:
        yield "in this order:"
        yield from listing(jobs, view.plan.only)
        yield ""


def _end(view: View, places: int) -> Iterator[str]:
    jobs = view.startable()
    at_once = max(1, min(places, len(jobs)))
    if words := told(total(jobs, at_once), view.plan.made):
        yield words
    if held := [job for job in view.plan.jobs if job.is_among(view.held)]:
        yield f"{len(held)} of the missing runs are under way elsewhere"
    yield f"{view.plan.summary}; nothing was started"


def at_a_time(places: int) -> str:
    """How many runs go on at once, in words."""
    return "as many at a time as the cluster takes" if places == sys.maxsize else f"{places} at a time"
