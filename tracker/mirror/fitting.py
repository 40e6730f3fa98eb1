"""A document cut to what MongoDB holds: the largest parts go first, each with a word about it."""

from __future__ import annotations

from typing import Any

import bson

MEGABYTE = 1 << 20
# a document may have 16 MB; beside these fields it has sources, artifacts, links, 256 KB of output
LARGEST = {"info": 8 * MEGABYTE, "config": 2 * MEGABYTE, "experiment": MEGABYTE, "host": MEGABYTE}
LARGEST |= {"meta": MEGABYTE, "result": MEGABYTE // 2, "fail_trace": MEGABYTE // 2}
LINES = 500  # of a traceback that is too long: from its end

KEPT = frozenset({"uuid", "hostname", "name", "sources", "seed"})  # what readers need

Document = dict[str, Any]


def fitted(document: Document, left_out: list[str]) -> Document:
    """The document with fields no larger than LARGEST; what went is told in `left_out`."""
    for name, largest in LARGEST.items():
        if name in document:
            document[name] = _fit(document[name], largest, name, left_out)
    return document


def size(value: Any) -> int:
    """Bytes in a document."""
    return len(bson.encode({"": value}))


def _fit(value: Any, largest: int, place: str, left_out: list[str]) -> Any:
    if size(value) <= largest:
        return value
    if isinstance(value, dict):
        return _without_largest(value, largest, place, left_out)
    if place == "fail_trace":
        return [text[-1000:] for text in value[-LINES:]]
    left_out.append(_word(place, size(value)))
    return None


def _without_largest(mapping: Document, largest: int, place: str, left_out: list[str]) -> Document:
    if place == "info":  # the tracker's facts are needed, so that only the largest of them go
        mapping["tracker"] = _fit(mapping["tracker"], largest // 4, "info.tracker", left_out)
    sizes = {key: size(item) for key, item in mapping.items()}
    excess = sum(sizes.values()) - largest
    kept = dict(mapping)
    for key in sorted(sizes, key=lambda key: -sizes[key]):
        if excess <= 0:
            break
        if key not in KEPT and f"{place}.{key}" != "info.tracker":
            left_out.append(_word(f"{place}.{key}", sizes[key]))
            excess -= sizes[key]
            del kept[key]
    return kept


def _word(place: str, bytes_: int) -> str:
    return f"{place} ({bytes_} bytes) is in the folder alone, as it is too large for a document of MongoDB"
