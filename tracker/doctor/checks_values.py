"""Values in a run's document that Omniboard and other readers misunderstand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tracker.doctor.entry import Check, Entry, Flaw
from tracker.journal.jsonpickled import opened

FIELDS = ("config", "result", "info")
SHOWN = 3  # places that a finding names


def not_finite(entry: Entry) -> Iterator[Flaw]:
    """Numbers that are none: NaN and the infinities."""
    for name in FIELDS:
        found = entry.document.get(name)
        places = list(_places(found, name, _is_not_finite))
        if places:
            yield Flaw(f"not finite: {_named(places)}", {name: _replaced(found, _is_not_finite, str)})


def blobs(entry: Entry) -> Iterator[Flaw]:
    """What Sacred's serializer wrote instead of a value, where it can be opened and where it cannot."""
    for name in FIELDS:
        found = entry.document.get(name)
        places = list(_places(found, name, _is_blob))
        if not places:
            continue
        plain = opened(found)
        left = list(_places(plain, name, _is_blob))
        gone = [place for place in places if place not in left]
        if gone:
            yield Flaw(f"not plain data: {_named(gone)}", {name: plain})
        else:
            yield Flaw(f"not plain data: {_named(left)}")


def _places(value: Any, place: str, wanted: Callable[[Any], bool]) -> Iterator[str]:
    if wanted(value):
        yield place
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _places(item, f"{place}.{key}", wanted)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _places(item, f"{place}.{number}", wanted)


def _replaced(value: Any, wanted: Callable[[Any], bool], by: Callable[[Any], Any]) -> Any:
    if wanted(value):
        return by(value)
    if isinstance(value, Mapping):
        return {key: _replaced(item, wanted, by) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, wanted, by) for item in value]
    return value


def _is_not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _is_blob(value: Any) -> bool:
    return isinstance(value, Mapping) and any(str(key).startswith("py/") for key in value)


def _named(places: list[str]) -> str:
    more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
    return ", ".join(places[:SHOWN]) + more


CHECKS = (
    Check(
        "numbers that are none", "Omniboard shows a blank cell, JavaScript reads no file with it",
        'writes "nan" or "inf" as text', not_finite,
    ),
    Check(
        "values that are not plain", "Omniboard shows a blob that cannot be sorted",
        "opens what can be opened", blobs, otherwise="record plain numbers, with float()",
    ),
)  # fmt: skip
