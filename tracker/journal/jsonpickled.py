"""What Sacred's serializer made of a value becomes plain data where that is obvious."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_PYTHON_NOTES = frozenset({"__doc__", "__annotations__"})  # what config scopes leave behind
_LISTS = ("py/tuple", "py/set")  # jsonpickle's words for them
_BLOBS = frozenset({*_LISTS, "py/object"})
_SIMPLE = frozenset({str, int, float, bool, type(None)})
_CODED_KEY = "json://"  # how jsonpickle marks a key that is not a string


def opened(value: Any) -> Any:
    """The value with its blobs opened; nothing is ever unpickled.

    Tuples, sets, arrays become lists and numpy's scalars become numbers; other blobs stay as they are.
    """
    if type(value) in _SIMPLE:  # most are: a store of a thousand runs has a million
        return value
    if isinstance(value, Mapping):
        if not _BLOBS.isdisjoint(value):
            return _open(value)
        return {_key(key): opened(item) for key, item in value.items() if key not in _PYTHON_NOTES}
    if isinstance(value, list | tuple):
        return [opened(item) for item in value]
    return value


def _open(blob: Mapping[str, Any]) -> Any:
    for name in _LISTS:
        if isinstance(blob.get(name), list):
            return opened(blob[name])
    if str(blob.get("py/object")).startswith("numpy."):
        if "value" in blob:
            return blob["value"]
        if isinstance(blob.get("values"), list):  # a large array's values are compressed text
            return opened(blob["values"])
    return dict(blob)


def _key(key: str) -> Any:
    if not key.startswith(_CODED_KEY):
        return key
    try:
        meant = json.loads(key.removeprefix(_CODED_KEY))
    except ValueError:
        return key
    return key if isinstance(meant, dict | list) else meant
