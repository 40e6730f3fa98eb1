"""Runs found by their settings, without looking at all of them for every question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tracker.configs import MISSING, flat, key, look_up
from tracker.run import Run

_NOTHING_INSIDE = frozenset({str, int, float, bool, type(None)})
_MISSING = key(MISSING)


@dataclass(frozen=True, slots=True)
class _Column:
    """One setting of all runs."""

    keys: list[Hashable]  # by the place of the run
    places: Mapping[Hashable, list[int]]


class Runs:
    """Runs by setting; a setting is looked at in all runs when it is first asked for."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = runs
        self._columns: dict[str, _Column] = {}

    def having(self, settings: Mapping[str, Any]) -> list[Run]:
        """The runs with these settings, in the order they came: from the rarest setting on."""
        wanted = [(self._column(name), key(value)) for name, value in settings.items()]
        if not wanted:
            return list(self._runs)
        rarest, places = min(
            ((column, column.places.get(value, [])) for column, value in wanted), key=lambda one: len(one[1])
        )
        for column, value in wanted:
            if column is not rarest:
                keys = column.keys
                places = [place for place in places if keys[place] == value]
        return [self._runs[place] for place in places]

    def _column(self, name: str) -> _Column:
        if name not in self._columns:
            self._columns[name] = _column(list(map(key, _settings(self._runs, name))))
        return self._columns[name]


def unnamed(named: Sequence[str], runs: Sequence[Run]) -> Iterator[tuple[Run, dict[str, Any]]]:
    """Each run with its settings beside the seed and those that are named, with what is inside of these."""
    kept: dict[tuple[str, ...], list[str]] = {}
    for run in runs:
        settings = {**flat(run.config), "experiment": run.experiment}
        names = tuple(settings)
        if names not in kept:
            kept[names] = [name for name in names if not is_named(name, ("seed", *named))]
        yield run, {name: settings[name] for name in kept[names]}


def distinct(settings: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The settings without those that are the same as the first, which most are."""
    first: dict[str, Any] | None = None
    same_as_first: tuple[Any, ...] = ()
    for one in settings:
        kinds = tuple(map(type, one.values()))
        if one == first and (tuple(one), kinds) == same_as_first:
            continue
        if first is None and _NOTHING_INSIDE.issuperset(kinds):  # else 1 and True may hide in a list
            first, same_as_first = one, (tuple(one), kinds)
        yield one


def is_named(name: str, named: Sequence[str]) -> bool:
    """Whether the setting, or one that it lies in, is among these."""
    return any(name == other or name.startswith(f"{other}.") for other in named)


def _column(keys: list[Hashable]) -> _Column:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for place, one in enumerate(keys):
        places[one].append(place)
    places.pop(_MISSING, None)
    return _Column(keys, dict(places))


def _settings(runs: Sequence[Run], name: str) -> list[Any]:
    if name == "experiment":
        return [run.experiment for run in runs]
    found = [run.config.get(name, MISSING) for run in runs]
    if "." not in name:
        return found
    return [
        look_up(run.config, name) if one is MISSING else one for one, run in zip(found, runs, strict=True)
    ]
