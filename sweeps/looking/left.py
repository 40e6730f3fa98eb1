"""Runs that a launcher has left to a cluster: nobody else would take them out of its queue."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sweeps.engines import open_engine
from sweeps.engines.base import Attached
from sweeps.engines.options import EngineOptions
from sweeps.views.roster import roster
from sweeps.views.view import View
from tracker.commandline import counted
from tracker.errors import LaunchError
from tracker.leases.base import Lease

LEAVABLE = ("slurm",)  # engines whose runs go on without a launcher
PATIENCE = 0.5  # seconds between two looks for news

Say = Callable[[str], None]


def end_what_is_left(view: View, wait: bool, say: Say) -> bool:
    """End the runs of these questions that a cluster was left with, as far as this machine reaches it.

    Whether there were any.
    """
    found = False
    for engine, logs in dict.fromkeys(map(_place, roster(view.plan, view.seen.values()).launchers)):
        if engine:
            try:
                found |= _end(engine, logs, view, wait, say)
            except LaunchError as error:
                say(f"runs that were left to {engine} are not reached from here: {error}")
    return found


def _place(launcher: Lease) -> tuple[str, str]:
    """The cluster that a launcher handed its runs to, with its logs; nothing for a pool of its own."""
    engine = str(launcher.details.get("engine", ""))
    return (engine, str(launcher.details.get("logs", ""))) if engine in LEAVABLE else ("", "")


def _end(name: str, logs: str, view: View, wait: bool, say: Say) -> bool:
    engine = open_engine(name, EngineOptions(logs=Path(logs)))
    keys = {cell.key for cell in view.plan.grid}
    left = set(engine.attach(keys)) if isinstance(engine, Attached) else set()
    found = bool(left)
    if found:
        say(f"asked to end: {counted(len(left), 'run')} left to {name}")
        engine.cancel(hard=False)
    while wait and left:
        for event in engine.events(PATIENCE):
            if event.over and event.key in left:
                left.remove(event.key)
                say(f"ended: {event.where or event.key}" + (f"; {len(left)} left" if left else ""))
    engine.close()
    return found
