"""How long runs will take, told by the runs that ended."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sweeps.planning.job import Expected, Job
from tracker import Run
from tracker.configs import key, look_up

_HOUR = 3600.0
_Profiles = Mapping[
    tuple[Hashable, ...], Sequence[float]
]  # values of some settings -> seconds of runs with them


class Durations:
    """What runs like a given one took: those with its settings, else those of its experiment nearest to it.

    The nearest agree in the most settings. Nothing is scaled by a setting, because nobody knows how time
    goes with it.
    """

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs = [
            run for run in runs if run.status == "COMPLETED" and run.diverged is None and run.hours > 0
        ]
        self._profiles: dict[tuple[str, ...], _Profiles] = {}

    def of(self, settings: Mapping[str, Any]) -> Expected:
        """The time that a run with these settings may take."""
        names = tuple(settings)
        wanted = tuple(key(value) for value in settings.values())
        others = [place for place, name in enumerate(names) if name != "experiment"]
        near: dict[int, list[float]] = defaultdict(list)
        for values, seconds in self._having(names).items():
            if "experiment" in settings and values[names.index("experiment")] != key(settings["experiment"]):
                continue
            near[sum(values[place] == wanted[place] for place in others)].extend(seconds)
        if not near:
            return Expected()
        most = max(near)
        return _told(near[most], _likeness(most, len(others)))

    def _having(self, names: tuple[str, ...]) -> _Profiles:
        if names not in self._profiles:
            found: dict[tuple[Hashable, ...], list[float]] = defaultdict(list)
            for run in self._runs:
                found[tuple(key(_setting(run, name)) for name in names)].append(run.hours * _HOUR)
            self._profiles[names] = dict(found)
        return self._profiles[names]


def _setting(run: Run, name: str) -> Any:
    return run.experiment if name == "experiment" else look_up(run.config, name)


def _likeness(agreeing: int, settings: int) -> str:
    if agreeing == settings:
        return "the same settings"
    return f"{agreeing} of {settings} settings the same" if agreeing else "the same experiment"


def _told(seconds: Sequence[float], like: str) -> Expected:
    return Expected(median(seconds), min(seconds), max(seconds), len(seconds), like)


@dataclass(frozen=True)
class Total:
    """How long jobs take, a number of them at a time."""

    workers: int
    seconds: float  # with the median of each job
    low: float  # with the shortest and with the longest time of each
    high: float
    known: int  # jobs whose time is known
    unknown: int  # those that are left out, because no run is like them
    fewest: int  # runs that the time of a job rests on
    most: int


def total(jobs: Sequence[Job], workers: int) -> Total:
    """The time until the last of the jobs ends, each started in its turn as soon as a worker is free."""
    known = [job.expected for job in jobs if job.expected.seconds is not None]
    return Total(
        workers,
        _last_end([one.seconds or 0.0 for one in known], workers),
        _last_end([one.low for one in known], workers),
        _last_end([one.high for one in known], workers),
        len(known),
        len(jobs) - len(known),
        min((one.runs for one in known), default=0),
        max((one.runs for one in known), default=0),
    )


def told(total: Total, now: datetime) -> str:
    """How long the jobs take, in a sentence that says what it rests on."""
    jobs = total.known + total.unknown
    if not total.known:
        return "expected time: unknown, because no run like these has ended yet" if jobs else ""
    spread = f" ({in_words(total.low)} to {in_words(total.high)})"
    times = in_words(total.seconds) + (spread if in_words(total.low) != in_words(total.high) else "")
    at_a_time = f"{total.workers} at a time" if total.workers > 1 else "one after the other"
    rests = f"{total.fewest}" if total.fewest == total.most else f"{total.fewest} to {total.most}"
    at_a_time += f", each as {rests} run{'s' * (total.most > 1)} like it"
    if total.unknown:
        return (
            f"expected time: {times} for {total.known} of {jobs} runs, {at_a_time}; "
            "unknown for the others, because no run like them has ended yet"
        )
    end = (now + timedelta(seconds=total.seconds)).astimezone()
    return f"expected time: {times}, {at_a_time}; started now, the last ends about {end:%Y-%m-%d %H:%M}"


def _last_end(seconds: Iterable[float], workers: int) -> float:
    free = [0.0] * workers
    end = 0.0
    for one in seconds:
        ended = heapq.heappop(free) + one
        heapq.heappush(free, ended)
        end = max(end, ended)
    return end


def in_words(seconds: float) -> str:
    """A span of time as people say it: 0.4 s, 40 s, 12 min, 2 h 10 min, 3 d 4 h."""
    if seconds < 0.1:
        return "under 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(round(minutes / 60), 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
