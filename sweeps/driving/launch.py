"""A sweep from the question file to its end, told on the terminal."""

from __future__ import annotations

import sys
import uuid
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sweeps.checks.configs import configs
from sweeps.checks.limits import check
from sweeps.driving.account import Account
from sweeps.driving.background import in_background
from sweeps.driving.conclusion import conclusion, status_of, stop_of, told
from sweeps.driving.driver import Driver
from sweeps.driving.interrupts import INTERRUPTED, Interrupts, counted_interrupts
from sweeps.driving.launcher import PREFIX, Launcher
from sweeps.driving.ledger import Ledger
from sweeps.driving.policy import Limits
from sweeps.driving.progress import SweepProgress
from sweeps.driving.rehearsal import rehearse
from sweeps.driving.result import Result, Stay
from sweeps.engines import open_engine
from sweeps.engines.base import Attached, Engine
from sweeps.engines.machine import largest_memory
from sweeps.engines.options import EngineOptions
from sweeps.exit_codes import FAILED
from sweeps.planning.tickets import Sweep
from sweeps.planning.twins import Twins
from sweeps.views.view import Lookout, View
from sweeps.views.words import short
from tracker.errors import LaunchError, StoreError
from tracker.leases import open_leases
from tracker.leases.base import Leases
from tracker.leases.holder import this_process

if TYPE_CHECKING:
    from rich.console import Console

MEASURED = ("local",)  # engines for which the memory that earlier runs took tells how many fit
BACKGROUND = ("local",)  # engines whose launcher goes on alone where it is to leave the terminal


@dataclass(frozen=True)
class Wanted:
    """What somebody who starts a sweep has asked for."""

    questions: Path
    address: str  # of the store
    engine: str = "local"
    options: EngineOptions = field(default_factory=EngineOptions)
    limits: Limits = field(default_factory=Limits)
    failed_only: bool = False
    only: tuple[str, ...] = ()  # the questions, each with all beneath it; none for the whole file
    stay: Stay = field(default_factory=Stay)
    seeds_together: bool = False  # start all seeds of a setting before the next setting
    dry_run: bool = False


def launch(wanted: Wanted) -> int:
    """Start what is missing and wait; the exit code is 0 only when every question has its runs."""
    from rich.console import Console

    console = Console(stderr=True)
    try:
        return _launch(wanted, console)
    except KeyboardInterrupt:  # while nothing runs yet; the driver counts instead
        console.print("Interrupted; nothing was started.")
        return INTERRUPTED


def _launch(wanted: Wanted, console: Console) -> int:
    leases = open_leases(wanted.address)
    lookout = Lookout(
        wanted.questions,
        wanted.address,
        leases,
        failed_only=wanted.failed_only,
        only=wanted.only,
        seeds_together=wanted.seeds_together,
        twins=Twins(partial(configs, address=wanted.address)),
    )
    view = lookout.look()
    if view.plan.hindrances:
        raise LaunchError("\n".join(view.plan.hindrances))
    idle = _has_nothing_to_do(wanted, view)
    if idle and not view.plan.grid and view.plan.closed:
        raise LaunchError("\n".join(view.plan.closed))
    if idle and not (view.elsewhere() and wanted.engine not in BACKGROUND):
        return _end(console, wanted, Result(view))
    wanted = replace(wanted, options=_options(wanted, view))
    check(view.startable(), wanted.address, wanted.engine, wanted.options, wanted.questions)
    if wanted.options.detach and wanted.engine in BACKGROUND and not wanted.dry_run:
        return _leave(console, wanted, view)
    engine = open_engine(wanted.engine, wanted.options)
    left = _attach(engine, view)
    if idle and not left:
        engine.close()
        return _end(console, wanted, Result(view))
    if left:
        wanted = replace(wanted, stay=_waiting(wanted.stay))
    if wanted.dry_run:
        rehearse(view, wanted.engine, engine.room)
        engine.close()
        return 0
    _print(console, view.plan.summary)
    with counted_interrupts() as interrupts:  # to the last words, which a further signal must not cut off
        result = _drive(wanted, console, lookout, view, leases, engine, interrupts)
        if result.interrupted or result.repeated or result.left:  # runs have ended since the last look
            with suppress(StoreError):
                result.view = lookout.look()
        return _end(console, wanted, result)


def _drive(
    wanted: Wanted,
    console: Console,
    lookout: Lookout,
    view: View,
    leases: Leases,
    engine: Engine,
    interrupts: Interrupts,
) -> Result:
    """The sweep itself, under a lease of its launcher."""
    try:
        launcher = _launcher(wanted, leases, view)
    except StoreError:
        engine.close()
        raise
    with launcher, SweepProgress(console, Account()) as screen:
        sweep, ledger = _sweep(wanted, launcher), Ledger(wanted.limits)
        driver = Driver(view, lookout, engine, sweep, launcher, screen, ledger, wanted.stay)
        return driver.drive(interrupts)


def _options(wanted: Wanted, view: View) -> EngineOptions:
    """The options, with the memory that runs of these questions took where nobody says what one needs."""
    options, needs = wanted.options, wanted.options.needs
    if wanted.engine not in MEASURED or needs.memory:
        return options
    cells = {cell.key for cell in view.plan.grid}
    memory = largest_memory(lease for key, lease in view.seen.items() if key in cells)
    return replace(options, needs=replace(needs, memory=memory))


def _launcher(wanted: Wanted, leases: Leases, view: View) -> Launcher:
    details = {
        "kind": "launcher",
        "file": str(wanted.questions.resolve()),
        "only": list(view.plan.only),
        "questions": list(dict.fromkeys(cell.node for cell in view.plan.grid)),
        "engine": wanted.engine,
        "logs": str(wanted.options.logs.absolute()),
    }
    return Launcher(leases, f"{PREFIX}{uuid.uuid4()}", this_process(), details)


def _sweep(wanted: Wanted, launcher: Launcher) -> Sweep:
    options = wanted.options
    return Sweep(wanted.questions, wanted.address, wanted.engine, options.logs, launcher.key, options.needs)


def _attach(engine: Engine, view: View) -> Sequence[str]:
    """The runs of these questions that an earlier launcher has left to the engine."""
    return engine.attach({cell.key for cell in view.plan.grid}) if isinstance(engine, Attached) else ()


def _waiting(stay: Stay) -> Stay:
    """Where an earlier launcher left runs to the cluster, these are waited for as well."""
    return stay if stay.leaves else replace(stay, for_others=True)


def _leave(console: Console, wanted: Wanted, view: View) -> int:
    """Let a launcher of its own go on in the background."""
    there = in_background(sys.argv[1:], wanted.options.logs, datetime.now())
    _print(console, view.plan.summary)
    _print(console, f"started in the background (process {there.pid}); what it says: {short(there.log)}")
    for line in told([status_of(view), stop_of(view)]):
        _print(console, line)
    return 0


def _has_nothing_to_do(wanted: Wanted, view: View) -> bool:
    """Whether no run can be started now, and none may become free while one waits."""
    waits = wanted.stay.for_others and view.elsewhere()
    return not (view.startable() or waits or wanted.stay.idle or view.elsewhere() & view.unsure)


def _end(console: Console, wanted: Wanted, result: Result) -> int:
    """Say how it ended, and what to do next."""
    for line in conclusion(result, wanted.failed_only):
        _print(console, line)
    if result.interrupted:
        return INTERRUPTED
    view = result.view
    answered = not view.plan.jobs if wanted.failed_only else view.plan.complete
    return 0 if answered or result.left else FAILED


def _print(console: Console, line: str) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)
