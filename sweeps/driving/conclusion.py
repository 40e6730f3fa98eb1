"""The last words of a sweep: what is answered, what failed, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sweeps.driving.result import Result
from sweeps.views.standing import News, together
from sweeps.views.view import View
from sweeps.views.words import short
from tracker.address import is_mongo
from tracker.commandline import counted
from tracker.settings import store_address

SHOWN = 5  # failures that are told one by one


@dataclass(frozen=True)
class Advice:
    """A command that helps on, and what for."""

    command: str
    purpose: str


def conclusion(result: Result, failed_only: bool = False) -> Iterator[str]:
    """The lines, the most important last."""
    view = result.view
    yield _standing(result, view, failed_only)
    yield from _failures(result)
    if result.repeated:
        yield f"It stopped early, because every run failed alike: {result.repeated}"
        yield "When that is mended, the same command goes on; --keep-going starts the others anyway."
    if result.left:
        yield f"{counted(result.left, 'run')} left to the cluster; the same command comes back to them."
        yield from told([status_of(view), stop_of(view)])
        return
    if others := view.elsewhere():
        yield f"{counted(len(others), 'run')} under way elsewhere."
    if unseen := view.untold.union(result.unseen):
        known = f"{counted(len(unseen), 'run')} done, but not known to {view.plan.shown}"
        yield f"{known}: its record is on the machine that ran it; bring it with `tracker push`."
    if result.interrupted:
        yield "Interrupted; the same command goes on from here."
    yield from told(advice(result, view))


def advice(result: Result, view: View) -> list[Advice]:
    """What to type next."""
    found = []
    if result.failures:
        found.append(Advice(_command("logs", view, "--failed"), "what the last run that failed printed"))
        found.append(Advice(_command("retry", view), "starts the failed runs again"))
    if view.elsewhere():
        found.append(status_of(view))
    return found


def status_of(view: View) -> Advice:
    """The command that shows how it goes."""
    return Advice(_command("status", view), "who is at what")


def stop_of(view: View) -> Advice:
    """The command that ends it."""
    return Advice(_command("stop", view), "ends it in order")


def _standing(result: Result, view: View, failed_only: bool) -> str:
    plan = view.plan
    if plan.complete:
        return plan.summary
    news = News(running=view.held, failed=result.failures)
    if failed_only and not plan.jobs:
        return f"{plan.what}: no failed run is left ({together(plan, news)})"
    return f"{plan.what}: {together(plan, news)} (in {plan.shown})"


def _failures(result: Result) -> Iterator[str]:
    several = list(result.failures.values())
    if several:
        yield f"{counted(len(several), 'run')} failed:"
    for ticket, ending in several[:SHOWN]:
        yield f"  {ticket.what}  {ending.words}"
        yield f"      its log: {short(ticket.task.log)}"
    if len(several) > SHOWN:
        yield f"  and {len(several) - SHOWN} more"


def told(several: Sequence[Advice]) -> Iterator[str]:
    """A line for each."""
    width = max((len(one.command) for one in several), default=0)
    for one in several:
        yield f"  {one.command:<{width}}  # {one.purpose}"


def _command(name: str, view: View, *options: str) -> str:
    """The command on the same questions and the same store."""
    plan = view.plan
    words = ["sweeps", name, str(plan.questions), *(f"--only={node}" for node in plan.only), *options]
    if plan.address != store_address() and not is_mongo(plan.address):
        words += ["--store", plan.address]
    return shlex.join(words)
