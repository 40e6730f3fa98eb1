"""Any Python value as plain JSON data; a value that cannot be costs itself at most."""

from __future__ import annotations

import logging
import math
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

ELEMENTS = 1000  # of an array, above which its shape is recorded in place of its numbers
LETTERS = 200  # of what Python says of an object that is no data
DEEPEST = 50  # containers in one another
ATTEMPTS = 5  # at copying a container that another thread changes

INT64 = range(-(2**63), 2**63)  # what MongoDB and other languages hold

_STRANGE = re.compile("[\x00\ud800-\udfff]")  # no UTF-8, or refused by MongoDB in keys
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_AS_TEXT = (PurePath, UUID, Decimal, Fraction, timedelta, complex)

Warn = Callable[[str], None]


def log_warning(message: str) -> None:
    """Tells the user through Python's logging."""
    logging.getLogger("tracker").warning("%s", message)


def plain(value: Any, warn: Warn = log_warning, place: str = "") -> Any:
    """A copy of the value that json.dumps takes without NaN, and json.loads gives back equal.

    `place` is where the value stands, for the warnings about what had to be recorded as a text.
    """
    return _Copy(warn).of(value, place)


class _Copy:
    """One copying: who is warned, which containers are open."""

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._open: list[int] = []  # identities of the containers around the value

    def of(self, value: Any, place: str) -> Any:
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is str:
            return clean(value)
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if kind is int:
            return value if value in INT64 else str(value)
        try:
            return self._other(value, place)
        except Exception as error:  # an object's own methods may raise anything: it costs this value alone
            if hasattr(type(error), "STATUS"):  # Sacred's way to interrupt a run from a signal
                raise
            return self._told(f"<{kind.__name__} could not be recorded: {_words(error)}>", place)

    def _other(self, value: Any, place: str) -> Any:
        if isinstance(value, Mapping | list | tuple | Set | deque) or is_dataclass(value):
            return self._container(value, place)
        if isinstance(value, Enum):
            return self.of(value.value if isinstance(value, int | str) else value.name, place)
        if isinstance(value, str | int | float):
            return self._base(value, place)
        if isinstance(value, bytes | bytearray | memoryview):
            return clean(bytes(value).decode(errors="replace"))
        if isinstance(value, date | time):
            return value.isoformat()
        if isinstance(value, _AS_TEXT):
            return clean(str(value))
        if hasattr(value, "dtype") and hasattr(value, "shape") and hasattr(value, "tolist"):
            return self._array(value, place)
        return self._told(described(value), place)

    def _base(self, value: Any, place: str) -> Any:
        """What a class of the user's adds to text or number is left out."""
        base = next(base for base in (str, int, float) if isinstance(value, base))
        return self.of(base.__str__(value) if base is str else base(value), place)

    def _array(self, value: Any, place: str) -> Any:
        """Of numpy, torch and their like."""
        shape = tuple(int(size) for size in value.shape)
        if not shape:
            item = value.item()
            return self.of(float(item) if type(item) is type(value) else item, place)
        if math.prod(shape) <= ELEMENTS:
            return self.of(value.tolist(), place)
        kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
        return self._told(f"<{kind} of shape {shape}, {value.dtype}>", place)

    def _container(self, value: Any, place: str) -> Any:
        if isinstance(value, type):
            return self._told(described(value), place)
        if id(value) in self._open:
            return self._told(f"<{type(value).__name__} that holds itself>", place)
        if len(self._open) >= DEEPEST:
            return self._told(f"<{type(value).__name__} more than {DEEPEST} deep>", place)
        self._open.append(id(value))
        try:
            return self._content(value, place)
        finally:
            self._open.pop()

    def _content(self, value: Any, place: str) -> Any:
        if isinstance(value, Mapping):
            return self._mapping(_steady(lambda: list(value.items())), place)
        if is_dataclass(value):
            return self._mapping([(field.name, getattr(value, field.name)) for field in fields(value)], place)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._mapping(list(zip(value._fields, value, strict=True)), place)
        items = _steady(lambda: list(value))
        if isinstance(value, Set):
            items.sort(key=repr)
        return [self.of(item, f"{place}[{index}]") for index, item in enumerate(items)]

    def _mapping(self, items: Sequence[tuple[Any, Any]], place: str) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, item in items:
            name = self._key(key, place)
            while name in copy:  # 1 and "1" are two keys
                name += "_"
            copy[name] = self.of(item, f"{place}.{name}" if place else name)
        return copy

    def _key(self, key: Any, place: str) -> str:
        if type(key) is not str:
            found = self.of(key, place)
            key = found if isinstance(found, str) else str(found)
        return clean(f"_{key}" if key.startswith("$") else key)

    def _told(self, text: str, place: str) -> str:
        self._warn(f"{place or 'a value'} is recorded as the text {text}")
        return text


def clean(text: str) -> str:
    """The text without NUL and without the halves of characters that no encoding knows."""
    return _STRANGE.sub("\ufffd", text) if _STRANGE.search(text) else text


def described(value: Any) -> str:
    """What Python says of an object, cut, without its address in memory, which differs between runs."""
    return clean(_ADDRESS.sub("", repr(value))[:LETTERS])


def _words(error: Exception) -> str:
    try:
        return clean(f"{type(error).__name__}: {error}"[:LETTERS])
    except Exception:  # noqa: BLE001 - the same object may have made the error, too
        return type(error).__name__


def _steady(copied: Callable[[], list[Any]]) -> list[Any]:
    """A copy of what another thread may be changing."""
    for _ in range(ATTEMPTS - 1):
        try:
            return copied()
        except RuntimeError:  # "changed size during iteration"
            continue
    return copied()
