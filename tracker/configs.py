"""Configurations in comparable form: which settings they hold, when two values are the same."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

MISSING = object()
_PLAIN = frozenset((str, int, float, type(None)))  # nearly every setting; asked first, for speed
_LEAVES = frozenset((*_PLAIN, bool, list))


def key(value: Any) -> Hashable:
    """A hashable stand-in: equal keys mean the same value. 1 is 1.0, a list is a tuple, True is not 1."""
    if type(value) in _PLAIN:
        return value  # type: ignore[no-any-return]
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, list | tuple):
        return ("list", tuple(key(item) for item in value))
    if isinstance(value, Mapping):
        return ("map", frozenset((name, key(item)) for name, item in value.items()))
    return value if isinstance(value, Hashable) else repr(value)


def same(one: Any, other: Any) -> bool:
    """Whether two values of a setting mean the same."""
    return key(one) == key(other)


def look_up(config: Mapping[str, Any], name: str) -> Any:
    """The value of a setting, or MISSING; a dotted name looks into nested configurations."""
    if name in config:
        return config[name]
    here: Any = config
    for part in name.split("."):
        if not isinstance(here, Mapping) or part not in here:
            return MISSING
        here = here[part]
    return here


def flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Every setting of a nested configuration under its dotted name."""
    if not prefix and _LEAVES.issuperset(map(type, config.values())):
        return dict(config)
    settings: dict[str, Any] = {}
    for name, value in config.items():
        if type(value) not in _PLAIN and isinstance(value, Mapping) and value:
            settings |= flat(value, f"{prefix}{name}.")
        else:
            settings[f"{prefix}{name}"] = value
    return settings
