"""The wishes of a user as parameters of sbatch."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Any

from sweeps.engines.base import Needs
from sweeps.engines.options import EngineOptions
from tracker.errors import LaunchError

SHARDS, POOL = "shards", "pool"
FURTHER = "sbatch."  # before the name of a parameter that submitit does not know
OURS = {  # a run is one process that is started by srun, and what it prints goes into its own log
    "nodes": "a run is one process on one node",
    "ntasks_per_node": "a run is one process",
    "num_gpus": "say --gpus",
    "srun_args": "say it to sbatch",
    "use_srun": "the signals of Slurm reach a run through srun",
    "stderr_to_stdout": "what a run prints is kept in its log",
    "additional_parameters": f"say {FURTHER}NAME=VALUE",
}
SIGNAL_BEFORE = 90  # seconds between the signal that the time is over and the end, if the limit allows
ROUNDING = 1e-6  # a third of a card fits three times

READERS: Mapping[str, Callable[[str], Any]] = {
    "setup": lambda words: [words],
    "teardown": lambda words: [words],
    "exclusive": lambda words: True if words in ("", "true", "yes", "1") else words,
}
NUMBERS = (
    "array_parallelism",
    "cpus_per_gpu",
    "cpus_per_task",
    "gpus_per_node",
    "gpus_per_task",
    "signal_delay_s",
)


@dataclass(frozen=True)
class Wishes:
    """How jobs are to be made of runs."""

    at_once: int = 1  # runs in one job
    shards: int = 0  # of a graphics card that the cluster's administrator has divided
    card: bool = False  # a job takes a card although its runs did not ask for one
    workers: int | None = None  # runs at once in all
    parameters: Mapping[str, Any] = field(default_factory=dict)  # of sbatch, as submitit names them


def wishes(options: EngineOptions, known: Collection[str]) -> Wishes:
    """What is asked for; `known` are submitit's names for sbatch's parameters. Raises LaunchError."""
    extra = dict(options.extra)
    shards, pool = _count(extra, SHARDS), _count(extra, POOL)
    if shards and (pool or options.per_gpu):
        raise LaunchError(
            f"{SHARDS}={shards}: a job holds either a share of a card, or several runs on a whole one; "
            f"leave out {POOL if pool else '--per-gpu'}"
        )
    shared = 0.0 < options.needs.gpus < 1.0
    if shared and not (shards or pool or options.per_gpu):
        pool = floor(1 / options.needs.gpus + ROUNDING)
    if options.needs.gpus > 1 and options.needs.gpus != floor(options.needs.gpus):
        raise LaunchError(
            f"--gpus {options.needs.gpus:g}: a run takes a share of one card or whole ones; say 0.5 or 2"
        )
    return Wishes(
        at_once=pool or options.per_gpu or 1,
        shards=shards,
        card=bool(options.per_gpu),
        workers=options.workers,
        parameters=_parameters(extra, known),
    )


def parameters(needs: Needs, wished: Wishes, runs: int) -> dict[str, Any]:
    """What sbatch is told for jobs of at most `runs` runs that each have these needs."""
    at_once = min(wished.at_once, runs)
    minutes = needs.minutes * ceil(runs / at_once) or None
    limit = minutes_of(str(wished.parameters.get("time", minutes)))
    made: dict[str, Any] = {
        "time": minutes,  # none asks for what the partition gives; submitit itself would say five minutes
        "cpus_per_task": needs.cores * at_once,
        "srun_args": [f"--cpus-per-task={needs.cores * at_once}"],  # which srun does not take from sbatch
        "gres": _cards(needs, wished),
        "mem": f"{ceil(needs.memory * at_once / 2**20)}M" if needs.memory else None,
        "signal_delay_s": min(SIGNAL_BEFORE, int(limit * 20)) if limit else SIGNAL_BEFORE,
        "array_parallelism": max(1, wished.workers // at_once) if wished.workers else None,
    }
    # a cluster may have switched it off for jobs that do not say it
    further = {"requeue": True, **wished.parameters.get("additional_parameters", {})}
    made |= {**wished.parameters, "additional_parameters": further}
    return {name: value for name, value in made.items() if value is not None or name == "time"}


def shares(count: int, wished: Wishes) -> list[list[int]]:
    """Which of so many runs go into which job: as many jobs as go at once, each with its share."""
    if wished.at_once == 1:
        return [[at] for at in range(count)]
    jobs = ceil(count / wished.at_once)
    if wished.workers:
        jobs = min(jobs, max(1, wished.workers // wished.at_once))
    return [list(range(first, count, jobs)) for first in range(jobs)]


def minutes_of(words: str) -> float | None:
    """A time as sbatch takes it, such as 90, 90:30, 1:30:00, 2-12 or 2-12:00; None where it is none."""
    days, dash, clock = words.rpartition("-")
    parts = [float(part) if part.isdecimal() else -1.0 for part in clock.split(":")]
    if min(parts) < 0 or (dash and not days.isdecimal()):
        return None
    if not dash and len(parts) < 3:
        parts = [0.0, *parts]  # without days it begins with minutes
    hours, minutes, seconds = [*parts, 0.0, 0.0][:3]
    return int(days or 0) * 1440 + hours * 60 + minutes + seconds / 60


def _cards(needs: Needs, wished: Wishes) -> str | None:
    if wished.shards:
        return f"shard:{wished.shards}"
    cards = ceil(needs.gpus) or int(wished.card)
    return f"gpu:{cards}" if cards else None


def _parameters(extra: Mapping[str, str], known: Collection[str]) -> dict[str, Any]:
    further = {name.removeprefix(FURTHER): value for name, value in extra.items() if name.startswith(FURTHER)}
    named = {name.replace("-", "_"): value for name, value in extra.items() if not name.startswith(FURTHER)}
    for name in named:
        _check_name(name, known)
    made = {name: _value(name, words) for name, words in named.items()}
    flags = {name: True if value in ("", "true") else value for name, value in further.items()}
    return {**made, **({"additional_parameters": flags} if flags else {})}


def _check_name(name: str, known: Collection[str]) -> None:
    if name in OURS:
        raise LaunchError(f"--engine-option {name}: it cannot be chosen here: {OURS[name]}")
    if name in known:
        return
    close = difflib.get_close_matches(name, [SHARDS, POOL, *sorted(set(known) - set(OURS))], n=1)
    hint = f"did you mean {close[0]}?" if close else "it takes pool, shards and what sbatch takes"
    raise LaunchError(
        f"--engine-option {name}: the engine slurm does not know it; {hint} "
        f"({FURTHER}NAME=VALUE passes any parameter of sbatch on as it is)"
    )


def _value(name: str, words: str) -> Any:
    if name in NUMBERS:
        return _number(name, words)
    return READERS.get(name, str)(words)


def _count(extra: dict[str, str], name: str) -> int:
    words = extra.pop(name, None)
    return 0 if words is None else _number(name, words)


def _number(name: str, words: str) -> int:
    if not words.isdecimal() or int(words) < 1:
        raise LaunchError(f"--engine-option {name}={words}: it takes a whole number from 1 on")
    return int(words)
