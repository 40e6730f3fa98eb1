"""Runs that questions declare differently: one states what another leaves to the experiment's default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from tracker import Cell, command
from tracker.asking.programs import Command
from tracker.configs import flat, key

Config = Mapping[str, Any]
Configs = Callable[[Sequence[Command]], Sequence[Config | None]]  # None where an experiment does not tell


@dataclass(frozen=True, slots=True)
class _Declared:
    """What a question says of a run without its seed."""

    launch: str
    names: frozenset[str]
    values: Hashable


@dataclass
class Twins:
    """Finds them by their whole configurations, each of which is asked for once."""

    ask: Configs
    _known: dict[_Declared, Hashable | None] = field(default_factory=dict)

    def shared(self, runs: Mapping[str, Cell]) -> dict[str, str]:
        """The one key that twins have in common, by the key of each; runs without a twin are left out."""
        declared = {name: _declared(cell) for name, cell in runs.items()}
        cells: dict[_Declared, Cell] = {}
        for name, cell in runs.items():
            cells.setdefault(declared[name], cell)
        alike = _may_be_the_same(cells)
        self._learn({one: cell for one, cell in cells.items() if one in alike and one not in self._known})
        groups: dict[Hashable, list[str]] = defaultdict(list)
        for name, cell in runs.items():
            one = declared[name]
            if one in alike and (config := self._known[one]) is not None:
                groups[one.launch, config, cell.seed].append(name)
        return {name: min(group) for group in groups.values() if len(group) > 1 for name in group}

    def _learn(self, cells: dict[_Declared, Cell]) -> None:
        """Ask for one configuration of each launch first: whoever does not tell it is asked nothing more."""
        first = {one.launch: one for one in reversed(cells)}.values()
        self._put(first, cells)
        telling = {one.launch for one in first if self._known[one] is not None}
        self._put([one for one in cells if one.launch in telling and one not in first], cells)
        self._known |= dict.fromkeys((one for one in cells if one not in self._known), None)

    def _put(self, several: Collection[_Declared], cells: Mapping[_Declared, Cell]) -> None:
        told = self.ask([command(cells[one]) for one in several]) if several else ()
        self._known |= {
            one: config and _without_seed(config) for one, config in zip(several, told, strict=True)
        }


def _declared(cell: Cell) -> _Declared:
    launch = cell.question.launch.format(experiment=cell.settings.get("experiment", ""))
    return _Declared(launch, frozenset(cell.settings), key(cell.settings))


def _without_seed(config: Config) -> Hashable:
    return key({name: value for name, value in flat(config).items() if name != "seed"})


def _may_be_the_same(cells: Mapping[_Declared, Cell]) -> set[_Declared]:
    """Those that agree with one of the same launch in all that both declare, which is not all of either."""
    kinds: dict[tuple[str, frozenset[str]], list[_Declared]] = defaultdict(list)
    for one in cells:
        kinds[one.launch, one.names].append(one)
    found: set[_Declared] = set()
    for ((launch, names), own), ((other_launch, other_names), others) in combinations(kinds.items(), 2):
        if launch == other_launch:
            both = names & other_names
            mine, theirs = _by_values(own, both, cells), _by_values(others, both, cells)
            for values in mine.keys() & theirs.keys():
                found.update(mine[values], theirs[values])
    return found


def _by_values(
    several: Iterable[_Declared], names: Collection[str], cells: Mapping[_Declared, Cell]
) -> dict[Hashable, list[_Declared]]:
    found: dict[Hashable, list[_Declared]] = defaultdict(list)
    for one in several:
        found[key({name: cells[one].settings[name] for name in names})].append(one)
    return found
