"""Equal parts of many records become one object, so that ten thousand runs fit into little memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tracker.run import Run

_LEAVES = frozenset({str, int, float})
_LARGE = 1000  # items, more than a list of installed packages has: a run's own data, slow to look through


class Sharing:
    """What was seen so far; to be dropped when the records are read."""

    def __init__(self) -> None:
        self._known: dict[Any, Any] = {}

    def run(self, run: Run) -> Run:
        """The run, with parts that earlier runs had too; host and meta are mostly the same for all."""
        return replace(
            run,
            experiment=self.value(run.experiment),
            status=self.value(run.status),
            command=self.value(run.command),
            config=self._items(run.config),
            info=self._info(run.info),
            host=self.value(run.host),
            meta=self.value(run.meta),
        )

    def value(self, value: Any) -> Any:
        """An equal value of the same types, the first one that was seen."""
        if type(value) in _LEAVES:
            # 0.0 equals -0.0, and NaN not even itself
            return self._known.setdefault((type(value), value), value) if value and value == value else value
        if type(value) in (dict, list) and len(value) >= _LARGE:
            return value
        if type(value) is dict:
            shared = self._items(value)
            return self._known.setdefault(("map", *map(id, shared), *map(id, shared.values())), shared)
        if type(value) is list:
            items = [self.value(item) for item in value]
            return self._known.setdefault(("list", *map(id, items)), items)
        return value

    def _info(self, info: Mapping[Any, Any]) -> Mapping[Any, Any]:
        if len(info) >= _LARGE:
            return info
        return {name: self._facts(value) for name, value in self._items(info, deep=False).items()}

    def _facts(self, value: Any) -> Any:
        """The facts of a tracker are different for every run, though many of them are not."""
        return self._items(value) if type(value) is dict else self.value(value)

    def _items(self, mapping: Mapping[Any, Any], *, deep: bool = True) -> Mapping[Any, Any]:
        if len(mapping) >= _LARGE:
            return mapping
        return {self.value(key): self.value(item) if deep else item for key, item in mapping.items()}
