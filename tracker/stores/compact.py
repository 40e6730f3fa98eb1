"""Runs as plain lists, whose parts that many runs have are told once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tracker.journal.layout import id_from
from tracker.journal.moments import from_microseconds, microseconds
from tracker.run import Run

_LEAVES = frozenset({str, int, float, bool, type(None)})


def is_plain(value: Any) -> bool:
    """Whether JSON gives back the very same; it knows no keys but text."""
    kind = type(value)
    if kind in _LEAVES:
        return True
    if kind is list:
        return all(map(is_plain, value))
    return kind is dict and all(type(key) is str and is_plain(item) for key, item in value.items())


def is_packable(run: Run) -> bool:
    """Whether all of the run is plain."""
    return all(map(is_plain, (run.config, run.info, run.host, run.meta, run.result, run.seed)))


class Parts:
    """What several runs have in common, by its place in a list."""

    def __init__(self, listed: Sequence[Any] = ()) -> None:
        self.listed = list(listed)
        self._places: dict[Any, int] = {}

    def place(self, part: Any, identity: Any = None) -> int:
        """Where the part stands; `identity` tells equal ones, else the object does."""
        known = id(part) if identity is None else identity
        if known not in self._places:
            self._places[known] = len(self.listed)
            self.listed.append(part)
        return self._places[known]


def packed(run: Run, parts: Parts) -> list[Any]:
    """The run as a plain list; the objects of the runs must live as long as `parts`."""
    names = tuple(run.config)
    return [
        parts.place([run.experiment, run.status, run.command], (run.experiment, run.status, run.command)),
        parts.place(list(names), names),
        list(run.config.values()),
        run.seed,
        *map(_count, (run.started, run.heartbeat, run.stopped)),
        run.result,
        run.info,
        parts.place(run.host),
        parts.place(run.meta),
        run.failure,
    ]


def unpacked(name: str, row: Sequence[Any], parts: Sequence[Any]) -> Run:
    """The run of a folder's name from its list."""
    words, names, values, seed, started, heartbeat, stopped, result, info, host, meta, failure = row
    experiment, status, command = parts[words]
    return Run(
        id=id_from(name),
        experiment=experiment,
        status=status,
        config=dict(zip(parts[names], values, strict=True)),
        seed=seed,
        command=command,
        started=_moment(started),
        heartbeat=_moment(heartbeat),
        stopped=_moment(stopped),
        result=result,
        info=_mapping(info),
        host=_mapping(parts[host]),
        meta=_mapping(parts[meta]),
        failure=failure,
    )


def _mapping(found: Any) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise TypeError("no mapping")
    return found


def _count(moment: datetime | None) -> int | None:
    return None if moment is None else microseconds(moment)


def _moment(count: int | None) -> datetime | None:
    return None if count is None else from_microseconds(count)
