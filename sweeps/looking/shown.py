"""The status of a sweep on a terminal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sweeps.looking.status import Status, as_document
from sweeps.planning.expected import in_words
from sweeps.views.roster import became, name
from sweeps.views.words import moment, short
from tracker.commandline import counted
from tracker.leases.base import LASTS, Lease

if TYPE_CHECKING:
    from rich.table import Table


def document(status: Status) -> str:
    """The status for a program."""
    return json.dumps(as_document(status), indent=2, ensure_ascii=False, default=str)


def show(status: Status, failures: bool = False) -> None:
    """Print how each question stands, who is at work, and what went wrong last, or all `failures`."""
    from rich.console import Console

    console = Console()
    console.print(_questions(status))
    for line in _lines(status, failures):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _questions(status: Status) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    table.add_column("question", overflow="fold")
    for column in ("done", "running", "failed", "left"):
        table.add_column(column, justify="right")
    for one in status.questions:
        failed = Text(str(one.failed), "red" if one.failed else "")
        table.add_row(one.node, f"{one.done}/{one.total}", str(one.running), failed, str(one.left))
    return table


def _lines(status: Status, failures: bool) -> Iterator[str]:
    plan, now = status.plan, status.plan.made
    yield f"{plan.what}: {status.whole} (in {plan.shown})"
    yield from plan.closed
    yield f"{counted(len(status.launchers), 'launcher')} at work{':' if status.launchers else ''}"
    for lease in status.launchers:
        yield f"  {_holder(lease)}, {lease.details.get('engine')}, {_life(lease, now, status.gone)}"
    recorded = status.whole.running - len(status.runs)
    by_hand = f", {recorded} of them not started by a sweep" if recorded > 0 else ""
    yield f"{counted(status.whole.running, 'run')} under way{by_hand}{':' if status.runs else ''}"
    for lease in status.runs:
        yield f"  {name(lease)}  {_holder(lease)}, {_life(lease, now, status.gone)}"
    if status.seconds_left is not None:
        yield f"ends about {moment(status.seconds_left)} (in {in_words(status.seconds_left)})"
    if failures:
        yield f"{counted(len(status.failures), 'run')} failed{':' if status.failures else ''}"
        for failure in status.failures:
            yield f"  {failure.what}  {failure.why}"
            yield f"      its log: {short(failure.log) if failure.log else 'none was found'}"
    elif status.error:
        yield from _error(status.error)


def _error(lease: Lease) -> Iterator[str]:
    words = lease.outcome.words if lease.outcome else ""
    yield f"last error: {name(lease)} {became(lease)}{f': {words}' if words else ''}"
    yield f"  its log: {short(str(lease.details.get('log', '')))} on {lease.holder.host}"


def _holder(lease: Lease) -> str:
    return f"on {lease.holder.host} (process {lease.holder.pid})"


def _life(lease: Lease, now: datetime, gone: frozenset[str]) -> str:
    """Since when it goes, and whether anything was heard of it; by the clock of the machine it is on."""
    since = f"since {_time(lease.taken, now)}"
    silent = now - lease.renewed
    if lease.key in gone:
        return f"{since}, its process is gone"
    if silent > timedelta(seconds=LASTS):
        return f"{since}, no sign of life for {in_words(silent.total_seconds())}"
    wish = ", asked to stop" if lease.stop else ""
    return f"{since}, alive {in_words(max(0.0, silent.total_seconds()))} ago{wish}"


def _time(then: datetime, now: datetime) -> str:
    local = then.astimezone()
    return f"{local:%H:%M:%S}" if local.date() == now.astimezone().date() else f"{local:%d %b %H:%M}"
