"""What can be known to go wrong before a sweep starts anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sweeps.checks.refusals import refusals
from sweeps.checks.storage import check_disk, check_folder, check_store
from sweeps.engines import check_engine
from sweeps.engines.cards import cards
from sweeps.engines.machine import cores, free_memory
from sweeps.engines.options import EngineOptions
from sweeps.engines.places import check_needs
from sweeps.planning.job import Job
from tracker.address import is_mongo
from tracker.commands import with_this_python
from tracker.errors import LaunchError, TrackerError
from tracker.settings import run_folder

GIB = 2**30


def check(
    jobs: Sequence[Job], address: str, engine: str, options: EngineOptions, questions: Path | None = None
) -> None:
    """Raise LaunchError with everything that is wrong, a line each. All is looked at side by side.

    Experiments are asked for what they refuse only where their programs are there.
    """
    runs = Path(run_folder() if is_mongo(address) else address)
    checks: list[Callable[[], None]] = [
        lambda: check_engine(engine),
        lambda: check_store(address, runs),
        lambda: check_disk(runs, len(jobs)),
        lambda: check_folder(options.logs, "logs", "name another with --logs"),
    ]
    if engine == "local":
        checks += [lambda: check_needs(options, cores(), cards()), lambda: _check_memory(options)]
    programs = _missing_programs(jobs)
    with ThreadPoolExecutor(len(checks) + 1) as pool:
        refused = pool.submit(refusals, [] if programs else jobs, address, questions)
        said = list(pool.map(_said, checks))
    lines = [*(line for each in said for line in each), *programs, *refused.result()]
    if lines:
        raise LaunchError("\n".join(dict.fromkeys(lines)))


def _said(check: Callable[[], None]) -> list[str]:
    try:
        check()
    except TrackerError as error:
        return str(error).splitlines()
    return []


def _missing_programs(jobs: Sequence[Job]) -> list[str]:
    programs = dict.fromkeys(with_this_python(job.command)[0] for job in jobs)
    return [
        f"{program}: there is no such program; correct `launch` in the question file"
        for program in programs
        if shutil.which(program) is None
    ]


def _check_memory(options: EngineOptions) -> None:
    needed, free = options.needs.memory, free_memory()
    if free and needed > free:
        raise LaunchError(
            f"a run needs {needed / GIB:.1f} GiB of memory, and this machine has {free / GIB:.1f} GiB free; "
            "end what takes it, or say less with --memory"
        )
