"""The right to start a run once more, for a job that Slurm has started again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sweeps.exit_codes import KILLED, MOVED_ON, STOPPED
from tracker.errors import StoreError
from tracker.leases import open_leases
from tracker.leases.base import Lease, Leases
from tracker.leases.watch import Watch
from tracker.settings import STORE_VARIABLE

POLL = 1.0  # seconds between two looks at the leases
GOES_ON = (STOPPED, KILLED)  # outcomes after which the same job carries on
SEEN, DETAILS = "--seen", "--details"  # of `python -m sweeps.runner`


def freed(
    commands: Mapping[str, tuple[str, ...]], asked: Callable[[], bool]
) -> dict[str, tuple[str, ...] | int]:
    """The commands of runs that this very job had started before, with the leases as they stand now.

    Waits until the process of the earlier start is surely gone; an exit code stands in the place of a
    command where there is nothing left to do. What `asked` cuts short is left out.
    """
    if not any(SEEN in command for command in commands.values()):
        return dict(commands)
    guarded = {key: command for key, command in commands.items() if SEEN in command}
    found: dict[str, tuple[str, ...] | int] = {
        key: command for key, command in commands.items() if key not in guarded
    }
    leases, watch = open_leases(os.environ[STORE_VARIABLE]), Watch()
    while guarded and not asked():
        for key, lease in _read(leases, list(guarded)).items():
            judged = _judge(guarded[key], lease, watch)
            if judged is not None:
                found[key] = judged
                del guarded[key]
        if guarded:
            time.sleep(POLL)
    return found


def _judge(command: tuple[str, ...], lease: Lease | None, watch: Watch) -> tuple[str, ...] | int | None:
    """The command, an exit code, or None as long as nobody can say."""
    if lease is None or _words(lease) == _option(command, SEEN):
        return command  # the earlier start did not come so far
    if not _is_ours(lease, command):
        return MOVED_ON
    if not watch.free(lease):
        return None
    if lease.stop:
        return STOPPED
    if lease.outcome is None or lease.outcome.exit_code in GOES_ON:
        return _with(command, lease)
    return lease.outcome.exit_code


def _is_ours(lease: Lease, command: Sequence[str]) -> bool:
    """Whether the lease was taken by this same attempt."""
    mine: Mapping[str, Any] = json.loads(_option(command, DETAILS) or "{}")
    return all(lease.details.get(name) == mine.get(name) for name in ("launcher", "attempt"))


def _with(command: tuple[str, ...], lease: Lease) -> tuple[str, ...]:
    at = command.index(SEEN) + 1
    return (*command[:at], _words(lease), *command[at + 1 :])


def _words(lease: Lease) -> str:
    return f"{lease.generation}:{lease.beats}"


def _option(command: Sequence[str], name: str) -> str:
    return command[command.index(name) + 1] if name in command else ""


def _read(leases: Leases, keys: Sequence[str]) -> Mapping[str, Lease | None]:
    try:
        found = leases.leases(keys)
    except StoreError:
        return {}  # it may be away for a while; the job has its node for long
    return {key: found.get(key) for key in keys}
