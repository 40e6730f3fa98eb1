"""Asks launchers and runs to end, wherever they are, and waits until they have."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from sweeps.looking.left import end_what_is_left
from sweeps.views.roster import became, fitting, name, part_of, roster
from sweeps.views.view import Lookout, View
from tracker import open_store
from tracker.errors import LaunchError
from tracker.leases import open_leases
from tracker.leases.base import Lease
from tracker.questions.part import holds

LOOKS_EVERY = 0.5  # seconds

Say = Callable[[str], None]


@dataclass(frozen=True)
class Stopped:
    """What was asked to end."""

    launchers: tuple[Lease, ...]
    runs: tuple[Lease, ...]

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All of them."""
        return self.launchers + self.runs


def stop(
    questions: Path, address: str, which: Sequence[str], wait: bool, say: Say, only: Collection[str] = ()
) -> None:
    """Ask all of this question file to end, or `only` a part, or the runs that fit `which`."""
    leases = open_leases(address)
    lookout = Lookout(questions, address, leases, only=only)
    view = lookout.look()
    asked = _chosen(view, address, which)
    leases.ask_to_stop([lease.key for lease in asked.leases])
    for lease in asked.leases:
        say(f"asked to end: {_named(lease)}")
    for lease in () if which else _going_on(view):
        say(f"goes on: {_named(lease)} works on other questions, too, and may start more runs of these")
    if wait:
        _wait(lookout, asked.leases, say)
    left = not which and end_what_is_left(view, wait, say)
    if not (asked.leases or left):
        say(f"{view.plan.what}: nothing is under way in {view.plan.shown}")


def _chosen(view: View, address: str, which: Sequence[str]) -> Stopped:
    """Those that are under way; raises where words fit none of them."""
    there = roster(view.plan, view.seen.values())
    runs = tuple(lease for lease in there.runs if lease.key in view.held)
    if which:
        recorded = {str(run.id): run for run in open_store(address).runs()}
        chosen = tuple(fitting(which, runs, recorded))
        if not chosen:
            going = "; ".join(name(lease) for lease in runs) or "none"
            raise LaunchError(f"{' '.join(which)}: no run under way fits. Under way: {going}.")
        return Stopped((), chosen)
    launchers = (lease for lease in there.launchers if lease.key in view.held)
    return Stopped(tuple(lease for lease in launchers if _inside(lease, view)), runs)


def _going_on(view: View) -> list[Lease]:
    """Launchers that work on these questions and on others, too."""
    launchers = roster(view.plan, view.seen.values()).launchers
    return [lease for lease in launchers if lease.key in view.held and not _inside(lease, view)]


def _inside(launcher: Lease, view: View) -> bool:
    """Whether it works on nothing but these questions."""
    only, part = view.plan.only, part_of(launcher)
    return not only or (bool(part) and all(holds(only, node) for node in part))


def _wait(lookout: Lookout, asked: Sequence[Lease], say: Say) -> None:
    """Until each has ended, or its holder is known to be gone."""
    left = {lease.key: lease for lease in asked}
    while left:
        for key, now in lookout.fresh(left).items():
            before = left[key]
            if now.outcome or now.generation != before.generation or lookout.watch.free(now):
                del left[key]
                say(f"{_became(now)}: {_named(before)}" + (f"; {len(left)} left" if left else ""))
        if left:
            time.sleep(LOOKS_EVERY)


def _named(lease: Lease) -> str:
    kind = "launcher" if lease.details.get("kind") == "launcher" else f"run {name(lease)}"
    return f"{kind} on {lease.holder.host} (process {lease.holder.pid})"


def _became(lease: Lease) -> str:
    """What became of a lease that is no longer held by the one who was asked."""
    launcher = lease.details.get("kind") == "launcher"
    return "ended" if launcher and lease.outcome else became(lease) or "gone"
